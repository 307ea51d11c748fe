"""Which part of a gateway a group owns: policy, which its administrators decide on."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed, PolicyMoved
from portal.accounts.groups import OneGroup
from portal.accounts.models import Ownership, Person, PolicyChange
from portal.accounts.policy.deciders import scope_of
from portal.accounts.policy.deciding import propose_policy
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.accounts.roles import SUPERUSER, Role, Verb, roles_allowing
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable

HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


class Parts(PolicyKind):
    """One part of one group: `{"group": key, "name", "gateway": slug or "", "host",
    "uri_prefix", "labels", "owned"}`.

    Taking one needs two people as giving does: a group without any is not bound.
    """

    name = "part"
    title = "Part"
    about = ("group", "gateway", "host", "uri_prefix", "labels")

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        part = _part(wanted)
        if scope_of(part.gateway) != scope:
            raise PolicyMoved(
                gettext("Others decide on this gateway by now. Ask for it anew.")
            )
        if wanted["owned"]:
            part.host = part.host.strip().lower()
            part.uri_prefix = part.uri_prefix.strip().removesuffix("*")
            _check(part)
        return _document(part, owned=wanted["owned"])

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        return wanted | {"owned": bool(_stored(_part(wanted)))}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        where = f"{_place(wanted).words} on {wanted['gateway'] or 'all gateways'}"
        if wanted["owned"]:
            return [
                f"Group {wanted['name']} owns {where}.",
                "Whoever may ask there by this group alone asks for what it owns, and "
                "for nothing else.",
            ]
        return [
            f"Group {wanted['name']} no longer owns {where}.",
            "A group that owns nothing there may ask for anything.",
        ]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        part = _part(change.wanted)
        details, group = {"part": part.words, "on": part.reach}, OneGroup(part.group)
        if change.wanted["owned"]:
            part.save(force_insert=True)
            return [Entry(Event.OWNERSHIP_GIVEN, details, group)]
        for one in _stored(part):
            one.delete()
        return [Entry(Event.OWNERSHIP_TAKEN, details, group)]


def give_part(ownership: Ownership, *, reason: str, actor: Actor) -> PolicyChange:
    """Ask that a group owns a part (an unsaved row). Raises as `propose_policy`."""
    return propose_policy(
        **part_wanted(ownership, owned=True), reason=reason, actor=actor
    )


def take_part(ownership: Ownership, *, reason: str, actor: Actor) -> PolicyChange:
    """Ask that a part is taken from a group. Raises as `propose_policy`."""
    return propose_policy(
        **part_wanted(ownership, owned=False), reason=reason, actor=actor
    )


def part_wanted(ownership: Ownership, *, owned: bool) -> dict[str, Any]:
    """Return what `propose_policy` and `foresee` take."""
    return {
        "kind": Parts.name,
        "wanted": _document(ownership, owned=owned),
        "scope": scope_of(ownership.gateway),
    }


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
            gettext("Give a host such as shop.example.com or *.example.com."),
            field="host",
        )
    if ownership.uri_prefix and not ownership.uri_prefix.startswith("/"):
        raise Malformed(
            gettext("Begin it with a slash, such as /cart/."), field="uri_prefix"
        )
    if not (ownership.names_a_place or ownership.labels):
        raise Malformed(gettext("Give a host, a path or labels."), field="host")


def _document(part: Ownership, *, owned: bool) -> Document:
    return {
        "group": part.group_id,
        "name": part.group.name,
        "gateway": part.gateway.slug if part.gateway else "",
        "host": part.host,
        "uri_prefix": part.uri_prefix,
        "labels": part.labels,
        "owned": owned,
    }


def _part(document: Document) -> Ownership:
    """Return the row that a document is about, unsaved."""
    part, slug = _place(document), document["gateway"]
    part.group = Group.objects.get(pk=document["group"])
    part.gateway = Gateway.objects.get(slug=slug) if slug else None
    return part


def _place(document: Document) -> Ownership:
    return Ownership(
        **{name: document[name] for name in ("host", "uri_prefix", "labels")}
    )


def _stored(part: Ownership) -> list[Ownership]:
    """Return what is stored of the same part. Databases compare JSON by its text."""
    rows = Ownership.objects.filter(
        group=part.group,
        gateway=part.gateway,
        host=part.host,
        uri_prefix=part.uri_prefix,
    )
    return [row for row in rows if row.labels == part.labels]
