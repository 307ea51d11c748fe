"""Whoever takes power away leaves two administrators, where there were two.

Otherwise two would become one by one person's act, and whoever is left decides alone.
"""

from abc import abstractmethod
from collections.abc import Iterable

from django.conf import settings
from django.db.models import QuerySet

from gateway.models import Gateway
from portal.accounts.errors import SecondPersonNeeded
from portal.accounts.holders import people_who_count
from portal.accounts.models import Person
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.accounts.roles import Verb

# A scope, and who would administer it still.
Left = tuple[Gateway | None, QuerySet[Person]]


class Power(PolicyKind):
    """A kind that gives power and takes it: taken, it counts at once while two remain."""

    @abstractmethod
    def gives(self, wanted: Document) -> bool:
        """Say whether this gives it; else it takes it."""

    @abstractmethod
    def holders(self, wanted: Document) -> Iterable[Person]:
        """Return whose it is, or was until it was taken."""

    @abstractmethod
    def left(self, wanted: Document) -> Iterable[Left]:
        """Return who would administer still, wherever what it takes lets them."""

    def needs_two(self, base: Document, wanted: Document) -> bool:
        """Nobody makes one administrator of two alone, unless one decides anyway."""
        if self.gives(wanted) or not settings.POLICY_NEEDS_TWO:
            return False
        return not leaves_two(self.left(wanted))

    def needs_one(self, base: Document, wanted: Document) -> bool:
        return not self.gives(wanted)


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
