"""Take people into groups and out of them: policy of all gateways, always.

A group may hold roles on any gateway, and a review rule may ask for one by its name
without its holding any: so administrators of one gateway do not decide who is in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.groups import joined, left
from portal.accounts.holders import people_who_may
from portal.accounts.models import Membership, Person, PolicyChange, Vouched
from portal.accounts.policy.deciding import propose_policy
from portal.accounts.policy.kinds import Document
from portal.accounts.policy.remaining import Left, Power, leaves_two
from portal.accounts.roles import Verb
from portal.accounts.vouchings import vouch_together
from portal.audit.ledger import Entry, Recordable


class GroupMembers(Power):
    """One person of one group: `{"group": key, "name", "person": key, "username", "in"}`.

    Where somebody is taken in, `roles` are what the group holds: whoever accepts it sees
    them, and one more makes it another matter.
    """

    name = "group_member"
    title = "Group"
    about = ("group", "person")

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        group, person = _rows(wanted)
        if not wanted["in"]:
            leaves_two(_left(group, person))
        return _document(group, person, is_in=wanted["in"])

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        group, person = _rows(wanted)
        now = _document(group, person, is_in=wanted["in"])
        return now | {"in": person.groups.filter(pk=group.pk).exists()}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        if not wanted["in"]:
            return [f"{wanted['username']} is taken out of group {wanted['name']}."]
        holds = ", ".join(wanted["roles"]) or "no role"
        return [
            f"{wanted['username']} is taken into group {wanted['name']}.",
            f"It holds now: {holds}.",
        ]

    def gives(self, wanted: Document) -> bool:
        return bool(wanted["in"])

    def holders(self, wanted: Document) -> Iterable[Person]:
        return [_rows(wanted)[1]]

    def left(self, wanted: Document) -> Iterable[Left]:
        return _left(*_rows(wanted))

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        group, person = _rows(change.wanted)
        if not change.wanted["in"]:
            person.groups.remove(group)
            return [left(group, person)]
        person.groups.add(group)
        vouch_together(change, [person], Vouched.GROUP)
        return [joined(group, person)]


def join_group(
    group: Group, person: Person, *, reason: str, actor: Actor
) -> PolicyChange:
    """Ask that somebody is taken into a group. Raises as `propose_policy`."""
    wanted = member_wanted(group, person, is_in=True)
    return propose_policy(**wanted, reason=reason, actor=actor)


def leave_group(
    group: Group, person: Person, *, reason: str, actor: Actor
) -> PolicyChange:
    """Ask that somebody is taken out of a group. Raises as `propose_policy`."""
    wanted = member_wanted(group, person, is_in=False)
    return propose_policy(**wanted, reason=reason, actor=actor)


def member_wanted(group: Group, person: Person, *, is_in: bool) -> dict[str, Any]:
    """Return what `propose_policy` and `foresee` take."""
    wanted = _document(group, person, is_in=is_in)
    return {"kind": GroupMembers.name, "wanted": wanted, "scope": None}


def _document(group: Group, person: Person, *, is_in: bool) -> Document:
    document: Document = {
        "group": group.pk,
        "name": group.name,
        "person": person.pk,
        "username": person.username,
        "in": is_in,
    }
    if is_in:
        held = Membership.objects.filter(group=group).select_related("gateway")
        # Kept and compared, so in no language of whoever asks.
        document["roles"] = sorted(
            f"{one.role.capitalize()} on {one.reach}" for one in held
        )
    return document


def _rows(document: Document) -> tuple[Group, Person]:
    group = Group.objects.filter(pk=document["group"]).first()
    person = Person.objects.filter(pk=document["person"]).first()
    if group is None or person is None:
        raise Malformed(gettext("There is no such group or person."), field="person")
    return group, person


def _left(group: Group, person: Person) -> Iterator[Left]:
    """Yield who would administer without them, wherever the group lets its people."""
    administering = Membership.objects.allowing(Verb.ADMINISTER)
    theirs = administering.held_by(person).exclude(group=group)
    for one in administering.filter(group=group).select_related("gateway"):
        everybody = people_who_may(Verb.ADMINISTER, one.gateway)
        still = people_who_may(Verb.ADMINISTER, one.gateway, among=theirs)
        yield one.gateway, everybody.exclude(pk=person.pk) | still.filter(pk=person.pk)
