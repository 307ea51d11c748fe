"""Give and take roles: what an administrator of all gateways does."""

from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.errors import Malformed
from portal.accounts.groups import OneGroup
from portal.accounts.models import Membership, Person, Vouched
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, HasSubject, record


@transaction.atomic
def grant(membership: Membership, *, actor: Actor) -> Membership:
    """Give a role (an unsaved row) to a person or a group.

    Raises NotPresent, NotAllowed, and Malformed where it is held so already.
    """
    administrator = actor.require_administrator()
    same = Membership.objects.filter(
        person=membership.person,
        group=membership.group,
        role=membership.role,
        gateway=membership.gateway,
    )
    if same.exists():
        raise Malformed("They hold this role there already.", field="role")
    membership.save(force_insert=True)
    vouch(administrator, _holders(membership), Vouched.ROLE)
    record(
        Entry(Event.MEMBERSHIP_GRANTED, _role_words(membership)),
        actor=actor,
        subject=_holder(membership),
    )
    return membership


@transaction.atomic
def revoke(membership: Membership, *, actor: Actor) -> None:
    """Take a role away. Raises NotPresent, NotAllowed."""
    actor.require_administrator()
    words, holder = _role_words(membership), _holder(membership)
    membership.delete()
    record(Entry(Event.MEMBERSHIP_REVOKED, words), actor=actor, subject=holder)


def _holders(membership: Membership) -> list[Person]:
    if membership.group is not None:
        return list(Person.objects.filter(groups=membership.group))
    return [membership.person] if membership.person else []


def _holder(membership: Membership) -> HasSubject:
    if membership.group is not None:
        return OneGroup(membership.group)
    if membership.person is None:
        raise Malformed("Say who gets the role: a person or a group.", field="who")
    return membership.person


def _role_words(membership: Membership) -> dict[str, str]:
    return {"role": membership.role, "on": membership.reach}
