"""Who may do something: the people, not one person's rights."""

from django.db.models import Q, QuerySet

from gateway.models import Gateway
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Verb


def people_who_may(verb: Verb, gateway: Gateway | None) -> QuerySet[Person]:
    """Return the active people who may do `verb` on this gateway; None: on every one."""
    held = Membership.objects.allowing(verb)
    held = held.filter(gateway=None) if gateway is None else held.on(gateway)
    return Person.objects.filter(is_active=True).filter(
        Q(is_superuser=True) | Q(pk__in=held.holders().values("pk"))
    )
