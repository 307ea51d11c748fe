"""What a change still needs: who gave what of it, and who can give the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.accounts.holders import people_who_may
from portal.accounts.models import Vouching
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest, Review, Revision
from portal.changes.rules.demand import Demand, Met
from portal.changes.rules.rule import Need
from portal.changes.rules.words import whose

NAMES_TOLD = 5


@dataclass(frozen=True)
class Able:
    """Who could give an approval: some names, and how many more there are."""

    names: Sequence[str] = ()
    more: int = 0

    @property
    def words(self) -> str:
        """Return `riley, omar and 3 more`; "" where there is nobody."""
        shown = ", ".join(self.names)
        return f"{shown} and {self.more} more" if self.more else shown


@dataclass(frozen=True)
class Requirement:
    """One need: who gave what of it, and who can give the rest."""

    met: Met[int]
    reviews: Sequence[Review]
    able: Able


def who_could(
    need: Need, change: ChangeRequest, revision: Revision, barred: set[int]
) -> Able:
    """Return who could give this and has not. Two queries at most."""
    people = (
        people_who_may(Verb.DECIDE, change.gateway)
        .exclude(pk__in=barred)
        .exclude(
            pk__in=Vouching.objects.recent().filter(by__in=barred).values("person")
        )
        .exclude(pk__in=revision.reviews.values("reviewer"))
    )
    if need.groups:
        people = people.filter(groups__name__in=need.groups)
    names = people.order_by("username").values_list("username", flat=True).distinct()
    shown = list(names[: NAMES_TOLD + 1])
    if len(shown) <= NAMES_TOLD:
        return Able(shown)
    return Able(shown[:NAMES_TOLD], names.count() - NAMES_TOLD)


def missing_words(
    requirements: Sequence[Requirement], change: ChangeRequest, demand: Demand
) -> str:
    """Say what is missing and who can give it."""
    lacking = [one for one in requirements if one.met.lacking > 0]
    if not lacking:
        return ""
    slug = change.gateway.slug
    if not any(need.groups for need in demand.needs):
        count = lacking[0].met.lacking
        people = "approval" if count == 1 else "approvals"
        return (
            f"{count} {people} missing, from a reviewer of gateway {slug} "
            f"who wrote none of {_what(demand)}."
        )
    parts = []
    for one in lacking:
        people = "approval" if one.met.lacking == 1 else "approvals"
        if one.met.need.groups:
            nobody = (
                f"nobody of it may decide on {slug} now: an administrator adds somebody"
            )
            parts.append(
                f"{one.met.lacking} {people} missing from {whose(one.met.need)} "
                f"({one.able.words or nobody})"
            )
        else:
            parts.append(
                f"{one.met.lacking} {people} missing from any reviewer of {slug}"
            )
    return (
        f"{'; '.join(parts)}. One person fills one of these, and has written none of "
        f"{_what(demand)}."
    )


def _what(demand: Demand) -> str:
    if demand.last_editor_counts:
        return "this change"
    return "this change nor of what it promotes, reverts or replaces"
