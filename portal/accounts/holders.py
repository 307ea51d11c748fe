"""Who may do something: the people, not one person's rights."""

from django.db.models import Q, QuerySet

from gateway.models import Gateway
from portal.accounts.models import Membership, MembershipQuerySet, Person
from portal.accounts.roles import Verb


def people_who_may(
    verb: Verb, gateway: Gateway | None, *, among: MembershipQuerySet | None = None
) -> QuerySet[Person]:
    """Return the active people who may do `verb` on this gateway; None: on every one.

    With `among`, as if no roles but these were given.
    """
    return _able(verb, gateway, among).filter(is_active=True)


def people_who_count(verb: Verb, gateway: Gateway | None) -> QuerySet[Person]:
    """Return them with those whom one administrator shut out and no second judged yet."""
    able = _able(verb, gateway)
    return able.filter(Q(is_active=True) | Q(shut_at__isnull=False))


def has_power(person: Person) -> bool:
    """Say whether the account is worth taking over: it holds something, or a group does."""
    return person.is_superuser or person.groups.exists() or person.memberships.exists()


def _able(
    verb: Verb, gateway: Gateway | None, among: MembershipQuerySet | None = None
) -> QuerySet[Person]:
    held = (Membership.objects.all() if among is None else among).allowing(verb)
    held = held.filter(gateway=None) if gateway is None else held.on(gateway)
    return Person.objects.filter(
        Q(is_superuser=True) | Q(pk__in=held.holders().values("pk"))
    )
