"""What a change still needs: who gave what of it, and who can give the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from gateway.models import Gateway
from portal.accounts.holders import people_who_may
from portal.accounts.roles import Verb
from portal.accounts.vouchings import not_second_to
from portal.changes.models import ChangeRequest, Review, Revision
from portal.changes.rules.demand import Demand, Met
from portal.changes.rules.rule import Need
from portal.changes.rules.words import whose

NAMES_TOLD = 5


@dataclass(frozen=True)
class Able:
    """Who could give an approval: some names, and how many more there are.

    `too_new` says that there is nobody yet, because of who let whom in lately.
    """

    names: Sequence[str] = ()
    more: int = 0
    too_new: bool = False

    @property
    def words(self) -> str:
        """Return `riley, omar and 3 more`; "" where there is nobody."""
        shown = ", ".join(self.names)
        return f"{shown} and {self.more} more" if self.more else shown

    @property
    def why_nobody(self) -> str:
        """Say why there is nobody, and what helps."""
        if self.too_new:
            return (
                f"Nobody can give it yet: for {settings.NEW_REVIEWER_DAYS} days an "
                "account is no second person to who let it in, nor to others whom that "
                "person let in."
            )
        return (
            "Nobody can give it now. An administrator gives somebody the role or the "
            "group."
        )


@dataclass(frozen=True)
class Requirement:
    """One need: who gave what of it, and who can give the rest."""

    met: Met[int]
    reviews: Sequence[Review]
    able: Able


def who_could(
    need: Need, gateway: Gateway, barred: set[int], revision: Revision | None = None
) -> Able:
    """Return who could give this, and has not given it. Two queries at most."""
    not_yet = not_second_to(barred)
    people = people_who_may(Verb.DECIDE, gateway).exclude(pk__in=barred)
    if revision is not None:
        people = people.exclude(pk__in=revision.reviews.values("reviewer"))
    if need.groups:
        people = people.filter(groups__name__in=need.groups)
    able = people.exclude(not_yet).order_by("username")
    names = able.values_list("username", flat=True).distinct()
    shown = list(names[: NAMES_TOLD + 1])
    if not shown:
        return Able(too_new=people.filter(not_yet).exists())
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
        missing = (
            f"{count} {people} missing, from a reviewer of gateway {slug} "
            f"who wrote none of {_what(demand)}."
        )
        able = lacking[0].able
        return f"{missing} {able.why_nobody}" if able.too_new else missing
    parts = []
    for one in lacking:
        people = "approval" if one.met.lacking == 1 else "approvals"
        if one.met.need.groups:
            nobody = (
                "nobody of it is a second person yet"
                if one.able.too_new
                else f"nobody of it may decide on {slug} now: an administrator adds somebody"
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
