"""Groups of people, which hold roles together.

Whoever is in a group holds what it holds. A new one is nobody's and holds nothing, so an
administrator of all gateways makes it alone; who is in it is policy (group_members.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.models import Person
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
            gettext("Give a name of at most %(limit)s characters.")
            % {"limit": NAME_LIMIT},
            field="name",
        )
    if Group.objects.filter(name__iexact=name).exists():
        raise Malformed(gettext("There is a group of this name."), field="name")
    group = Group.objects.create(name=name)
    record(Event.GROUP_MADE, actor=actor, subject=OneGroup(group))
    return group


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
        record(joined(group, person), actor=actor, subject=OneGroup(group))
    for group in (set(among) - set(wanted)) & held:
        person.groups.remove(group)
        record(left(group, person), actor=actor, subject=OneGroup(group))


def names_in(group: Group) -> list[str]:
    """Name who is in a group, service accounts too."""
    people = Person.objects.filter(groups=group).order_by("username")
    return list(people.values_list("username", flat=True))


def joined(group: Group, person: Person) -> Entry:
    """Return what the ledger says of somebody taken into a group."""
    return Entry(Event.GROUP_JOINED, _whom(person), OneGroup(group))


def left(group: Group, person: Person) -> Entry:
    """Return what the ledger says of somebody taken out of a group."""
    return Entry(Event.GROUP_LEFT, _whom(person), OneGroup(group))


def _whom(person: Person) -> dict[str, str | int]:
    return {"person": person.username, "person_id": person.pk}
