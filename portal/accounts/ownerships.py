"""Say which part of a gateway a group owns: what an administrator of all gateways does."""

import re
from collections.abc import Iterable

from django.db import transaction

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.groups import OneGroup
from portal.accounts.models import Ownership, Person
from portal.accounts.roles import SUPERUSER, Role, Verb, roles_allowing
from portal.audit.events import Event
from portal.audit.ledger import Entry, record

HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


@transaction.atomic
def give_part(ownership: Ownership, *, actor: Actor) -> Ownership:
    """Let a group own a part (an unsaved row). Raises NotPresent, NotAllowed, Malformed."""
    actor.require_administrator()
    ownership.host = ownership.host.strip().lower()
    ownership.uri_prefix = ownership.uri_prefix.strip().removesuffix("*")
    _check(ownership)
    ownership.save(force_insert=True)
    record(
        Entry(Event.OWNERSHIP_GIVEN, _told(ownership)),
        actor=actor,
        subject=OneGroup(ownership.group),
    )
    return ownership


@transaction.atomic
def take_part(ownership: Ownership, *, actor: Actor) -> None:
    """Take a part from a group. Raises NotPresent, NotAllowed."""
    actor.require_administrator()
    told = _told(ownership)
    ownership.delete()
    record(
        Entry(Event.OWNERSHIP_TAKEN, told),
        actor=actor,
        subject=OneGroup(ownership.group),
    )


def limits_of(person: Person, gateway: Gateway) -> list[Ownership] | None:
    """Return the parts outside of which this person asks for nothing; None: no limit.

    Limited are those who may ask by groups alone, each of which owns parts, and who do
    not decide. Two queries at most.
    """
    if person.is_superuser and Verb.ASK in SUPERUSER:
        return None
    held = list(person.held().on(gateway).values_list("role", "group"))
    asks = [(role, group) for role, group in held if _allows(role, Verb.ASK)]
    if any(group is None or _allows(role, Verb.DECIDE) for role, group in asks):
        return None
    groups = {group for _, group in asks}
    owned = list(Ownership.objects.on(gateway).filter(group__in=groups))
    if groups - {one.group_id for one in owned}:
        return None
    return owned


def _allows(role: str, verb: Verb) -> bool:
    return Role(role) in roles_allowing(verb)


def told(owned: Iterable[Ownership]) -> str:
    """Name parts in a sentence."""
    return ", ".join(sorted({one.words for one in owned}))


def _check(ownership: Ownership) -> None:
    if ownership.host and not HOST.fullmatch(ownership.host):
        raise Malformed(
            "Give a host such as shop.example.com or *.example.com.", field="host"
        )
    if ownership.uri_prefix and not ownership.uri_prefix.startswith("/"):
        raise Malformed("Begin it with a slash, such as /cart/.", field="uri_prefix")
    if not (ownership.names_a_place or ownership.labels):
        raise Malformed("Give a host, a path or labels.", field="host")


def _told(ownership: Ownership) -> dict[str, str]:
    return {"part": ownership.words, "on": ownership.reach}
