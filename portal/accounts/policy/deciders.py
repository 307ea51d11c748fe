"""Who could accept a change of policy: another administrator of what it reaches."""

from django.conf import settings
from django.db.models import QuerySet

from gateway.models import Gateway
from portal.accounts.holders import people_who_may
from portal.accounts.models import Person, PolicyChange
from portal.accounts.policy.kinds import kind_of
from portal.accounts.roles import Verb

NOBODY_ELSE = "there is no second administrator"
NOT_ASKED_FOR = "POLICY_NEEDS_TWO is off"


def others(author: Person, scope: Gateway | None) -> QuerySet[Person]:
    """Return who could accept what `author` asks for."""
    administrators = people_who_may(Verb.ADMINISTER, scope)
    return administrators.exclude(pk=author.pk).order_by("username")


def why_alone(change: PolicyChange) -> str:
    """Say why one person is enough for this change; "" where two are needed."""
    if kind_of(change.kind).needs_two(change.base, change.wanted):
        return ""
    if not settings.POLICY_NEEDS_TWO:
        return NOT_ASKED_FOR
    return "" if others(change.author, change.gateway).exists() else NOBODY_ELSE


def may_accept(change: PolicyChange, person: Person) -> bool:
    """Say whether this person may accept or refuse it. One query."""
    return PolicyChange.objects.waiting_for(person).filter(pk=change.pk).exists()
