"""What else waits about the same as a change of policy, and whether it still applies."""

from django.utils.translation import gettext_lazy

from portal.accounts.models import PolicyChange, PolicyChangeQuerySet
from portal.accounts.policy.kinds import kind_of
from portal.errors import GatehouseError

OUTDATED = gettext_lazy(
    "What this was made against counts no longer. Refuse or withdraw it, and ask anew."
)


def rivals_of(
    change: PolicyChange, *, among: PolicyChangeQuerySet | None = None
) -> list[PolicyChange]:
    """Return the other open changes of what this one is about, oldest first. One query."""
    about = kind_of(change.kind).about
    subject = [change.wanted.get(name) for name in about]
    waiting = (PolicyChange.objects.all() if among is None else among).open()
    waiting = waiting.filter(kind=change.kind, gateway=change.gateway)
    return [
        other
        for other in waiting.with_people().order_by("pk")
        if other.pk != change.pk
        and [other.wanted.get(name) for name in about] == subject
    ]


def why_outdated(change: PolicyChange) -> str:
    """Say why an open change could not come into force any more; "" if it could."""
    kind = kind_of(change.kind)
    try:
        kind.check(change.wanted, change.gateway)
        now = kind.in_force(change.wanted, change.gateway)
    except GatehouseError as error:
        return str(error)
    return "" if now == change.base else str(OUTDATED)
