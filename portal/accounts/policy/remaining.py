"""Whoever takes power away leaves two administrators, where there were two.

Otherwise two would become one by one person's act, and whoever is left decides alone.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from gateway.models import Gateway
from portal.accounts.errors import SecondPersonNeeded
from portal.accounts.holders import people_who_count
from portal.accounts.models import Person
from portal.accounts.roles import Verb

# A scope, and who would administer it still.
Left = tuple[Gateway | None, QuerySet[Person]]


def leaves_two(left: Iterable[Left]) -> bool:
    """Say whether two administrators remain wherever there are two now.

    Whoever was shut out and not judged yet is one of the two now, and of no use then. A
    retired gateway is nobody's to administer. Two queries for each scope. Raises
    SecondPersonNeeded where nobody would remain.
    """
    enough = True
    for scope, people in left:
        if scope is not None and scope.retired_at:
            continue
        now, then = (
            _up_to_two(people_who_count(Verb.ADMINISTER, scope)),
            _up_to_two(people),
        )
        if now and not then:
            raise SecondPersonNeeded(
                f"Nobody would administer {scope.slug if scope else 'all gateways'} any "
                "more. Make somebody else an administrator first."
            )
        enough = enough and then >= now
    return enough


def _up_to_two(people: QuerySet[Person]) -> int:
    return len(people.values_list("pk", flat=True)[:2])
