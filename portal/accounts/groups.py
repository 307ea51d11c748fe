"""Groups of people, which hold roles together: made, joined and left.

An administrator of all gateways does it. Whoever is in a group holds what it holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.models import Person, Vouched
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, Subject, record

NAME_LIMIT = 150


@dataclass(frozen=True)
class OneGroup:
    """A group as what an audit entry is about; Django's own knows no ledger."""

    group: Group

    def audit_subject(self) -> Subject:
        return Subject("group", str(self.group.pk), self.group.name)


@transaction.atomic
def make_group(name: str, *, actor: Actor) -> Group:
    """Make a group with nobody in it. Raises NotPresent, NotAllowed, Malformed."""
    actor.require_administrator()
    name = name.strip()
    if not name or len(name) > NAME_LIMIT:
        raise Malformed(
            f"Give a name of at most {NAME_LIMIT} characters.", field="name"
        )
    if Group.objects.filter(name__iexact=name).exists():
        raise Malformed("There is a group of this name.", field="name")
    group = Group.objects.create(name=name)
    record(Event.GROUP_MADE, actor=actor, subject=OneGroup(group))
    return group


@transaction.atomic
def join_group(group: Group, person: Person, *, actor: Actor) -> None:
    """Take somebody into a group. Idempotent; raises NotPresent, NotAllowed."""
    administrator = actor.require_administrator()
    if person.groups.filter(pk=group.pk).exists():
        return
    person.groups.add(group)
    vouch(administrator, [person], Vouched.GROUP)
    record(_whom(Event.GROUP_JOINED, person), actor=actor, subject=OneGroup(group))


@transaction.atomic
def leave_group(group: Group, person: Person, *, actor: Actor) -> None:
    """Take somebody out of a group. Idempotent; raises NotPresent, NotAllowed."""
    actor.require_administrator()
    if not person.groups.filter(pk=group.pk).exists():
        return
    person.groups.remove(group)
    record(_whom(Event.GROUP_LEFT, person), actor=actor, subject=OneGroup(group))


@transaction.atomic
def keep_in_groups(
    person: Person, *, wanted: Iterable[Group], among: Iterable[Group], actor: Actor
) -> None:
    """Have somebody in the wanted groups and in no other of those `among`.

    What a provider of single sign-on says: the setting that maps its groups to ours is
    written on the desk's machine, so no administrator is asked.
    """
    held = set(person.groups.all())
    for group in set(wanted) - held:
        person.groups.add(group)
        record(_whom(Event.GROUP_JOINED, person), actor=actor, subject=OneGroup(group))
    for group in (set(among) - set(wanted)) & held:
        person.groups.remove(group)
        record(_whom(Event.GROUP_LEFT, person), actor=actor, subject=OneGroup(group))


def _whom(event: Event, person: Person) -> Entry:
    return Entry(event, {"person": person.username, "person_id": person.pk})
