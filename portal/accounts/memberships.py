"""Give and take roles: policy, on which the administrators of what a role reaches decide.

Taking a role away counts at once while two administrators remain, so that whoever finds
an account in wrong hands need not wait.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed, PolicyMoved
from portal.accounts.groups import OneGroup, names_in
from portal.accounts.holders import people_who_may
from portal.accounts.models import Membership, Person, PolicyChange, Vouched
from portal.accounts.policy.deciders import scope_of
from portal.accounts.policy.deciding import propose_policy
from portal.accounts.policy.kinds import Document
from portal.accounts.policy.remaining import Left, Power, leaves_two
from portal.accounts.roles import ALLOWED, Role, Verb
from portal.accounts.vouchings import vouch_together
from portal.audit.events import Event
from portal.audit.ledger import Entry, HasSubject, Recordable


class Roles(Power):
    """One role of one holder: `{"person": key or None, "group": key or None, "role",
    "gateway": slug or "", "held"}`, with the holder's name as `holder`.

    Where a group gets one, `people` are who is in it: whoever accepts it sees them, and
    somebody more makes it another matter.
    """

    name = "role"
    title = "Role"
    about = ("person", "group", "role", "gateway")

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        row = _row(wanted)
        if scope_of(row.gateway) != scope:
            raise PolicyMoved(
                gettext("Others decide on this gateway by now. Ask for it anew.")
            )
        if not wanted["held"]:
            leaves_two(_left(row))
        return _document(row, held=wanted["held"])

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        row = _row(wanted)
        now = _document(row, held=wanted["held"])
        return now | {"held": row.same().exists()}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        says = (
            gettext("%(holder)s gets the role %(role)s on %(where)s.")
            if wanted["held"]
            else gettext("%(holder)s loses the role %(role)s on %(where)s.")
        )
        holder = wanted["holder"]
        if wanted["group"]:
            holder = f"G{holder[1:]}"
        told = {
            "holder": holder,
            "role": Role(wanted["role"]).name_in_words,
            "where": wanted["gateway"] or gettext("all gateways"),
        }
        said = [says % told]
        if "people" in wanted:
            people = ", ".join(wanted["people"]) or gettext("nobody")
            said.append(gettext("In it now: %(people)s.") % {"people": people})
        return said

    def gives(self, wanted: Document) -> bool:
        return bool(wanted["held"])

    def holders(self, wanted: Document) -> Iterable[Person]:
        return _people(_row(wanted))

    def left(self, wanted: Document) -> Iterable[Left]:
        return _left(_row(wanted))

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        row = _row(change.wanted)
        details, holder = {"role": row.role, "on": row.reach}, _holder(row)
        if not change.wanted["held"]:
            row.same().delete()
            return [Entry(Event.MEMBERSHIP_REVOKED, details, holder)]
        row.save(force_insert=True)
        vouch_together(change, _people(row), Vouched.ROLE)
        return [Entry(Event.MEMBERSHIP_GRANTED, details, holder)]


@transaction.atomic
def grant(membership: Membership, *, reason: str, actor: Actor) -> PolicyChange:
    """Ask that a person or a group gets a role (an unsaved row).

    Raises as `propose_policy`, and Malformed where it is held so already.
    """
    actor.require_administrator(scope_of(membership.gateway))
    if membership.same().exists():
        raise Malformed(gettext("They hold this role there already."), field="role")
    return propose_policy(
        **role_wanted(membership, held=True), reason=reason, actor=actor
    )


def revoke(membership: Membership, *, reason: str, actor: Actor) -> PolicyChange:
    """Ask that a role is taken away. Raises as `propose_policy`."""
    wanted = role_wanted(membership, held=False)
    return propose_policy(**wanted, reason=reason, actor=actor)


def role_wanted(membership: Membership, *, held: bool) -> dict[str, Any]:
    """Return what `propose_policy` and `foresee` take, to give it or to take it."""
    return {
        "kind": Roles.name,
        "wanted": _document(membership, held=held),
        "scope": scope_of(membership.gateway),
    }


def _document(row: Membership, *, held: bool) -> Document:
    document: Document = {
        "person": row.person_id,
        "group": row.group_id,
        "holder": row.holder,
        "role": row.role,
        "gateway": row.gateway.slug if row.gateway else "",
        "held": held,
    }
    if held and row.group is not None:
        document["people"] = names_in(row.group)
    return document


def _row(document: Document) -> Membership:
    """Return the row that a document is about, unsaved."""
    slug = document["gateway"]
    row = Membership(
        person=Person.objects.filter(pk=document["person"]).first(),
        group=Group.objects.filter(pk=document["group"]).first(),
        role=document["role"],
        gateway=Gateway.objects.get(slug=slug) if slug else None,
    )
    if row.person is None and row.group is None:
        raise Malformed(
            gettext("Say who gets the role: a person or a group."), field="who"
        )
    return row


def _people(row: Membership) -> list[Person]:
    if row.group is not None:
        return list(Person.objects.filter(groups=row.group))
    return [row.person] if row.person else []


def _holder(row: Membership) -> HasSubject | None:
    return OneGroup(row.group) if row.group is not None else row.person


def _left(row: Membership) -> Iterator[Left]:
    """Yield who would administer without this role, where it lets somebody do so."""
    if Verb.ADMINISTER in ALLOWED[Role(row.role)]:
        others = Membership.objects.exclude(pk__in=row.same().values("pk"))
        yield row.gateway, people_who_may(Verb.ADMINISTER, row.gateway, among=others)
