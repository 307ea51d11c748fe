"""Give and take roles: what an administrator of all gateways does."""

from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.models import Membership
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


@transaction.atomic
def grant(membership: Membership, *, actor: Actor) -> Membership:
    """Give a role (an unsaved row). Raises NotPresent, NotAllowed."""
    actor.require_administrator()
    membership.save(force_insert=True)
    record(
        Entry(Event.MEMBERSHIP_GRANTED, _role_words(membership)),
        actor=actor,
        subject=membership.person,
    )
    return membership


@transaction.atomic
def revoke(membership: Membership, *, actor: Actor) -> None:
    """Take a role away. Raises NotPresent, NotAllowed."""
    actor.require_administrator()
    words, person = _role_words(membership), membership.person
    membership.delete()
    record(Entry(Event.MEMBERSHIP_REVOKED, words), actor=actor, subject=person)


def _role_words(membership: Membership) -> dict[str, str]:
    where = membership.gateway.slug if membership.gateway else "all gateways"
    return {"role": membership.role, "on": where}
