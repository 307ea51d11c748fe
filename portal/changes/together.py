"""Approve several harmless changes in one go, each in a transaction of its own.

Harmless is what the checks have nothing to warn of and what is small enough to be read
beside others. All that `review.approve` asks of one approval is asked of each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Prefetch, Subquery
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.changes import review
from portal.changes.errors import NotHarmless, StaleRevision
from portal.changes.findings import Severity
from portal.changes.models import ChangeRequest, ChangeRequestQuerySet, Item, Revision
from portal.changes.waiting import to_decide
from portal.errors import GatehouseError

AT_MOST = 25
ITEMS_AT_MOST = 5


@dataclass(frozen=True)
class Seen:
    """What somebody saw of a change when they decided."""

    change: int
    revision: int
    digest: str


@dataclass(frozen=True)
class Outcome:
    """What became of one approval; `refused` says why it was not given."""

    change: int
    refused: str = ""


def with_findings(changes: ChangeRequestQuerySet) -> ChangeRequestQuerySet:
    """Add `findings` of each one's latest revision, for `warns`."""
    latest = Revision.objects.filter(change=OuterRef("pk")).order_by("-number")
    return changes.annotate(findings=Subquery(latest.values("findings")[:1]))


def warns(findings: Iterable[dict[str, str]]) -> bool:
    """Say whether the checks found more than is good to know."""
    return any(finding["severity"] != Severity.INFO for finding in findings)


def harmless(person: Person, numbers: Iterable[int]) -> Sequence[Revision]:
    """Return the latest revisions of those that this person may approve together.

    In the order of their changes. Each with its items. Four queries.
    """
    changes = to_decide(person).filter(pk__in=list(numbers)[:AT_MOST])
    latest: dict[int, Revision] = {}
    rows = Revision.objects.filter(change__in=changes).order_by("change_id", "number")
    shown = Item.objects.defer("base_sealed", "wanted_sealed").order_by("position")
    for revision in rows.select_related(
        "change__gateway", "change__author"
    ).prefetch_related(Prefetch("items", shown)):
        latest[revision.change_id] = revision
    return [one for one in latest.values() if not why_not_together(one)]


def why_not_together(revision: Revision) -> str:
    """Say why this revision is to be decided on by itself; "" where it need not be."""
    if warns(revision.findings):
        return "The checks warn of something in it. Decide on it by itself."
    if len(revision.items.all()) > ITEMS_AT_MOST:
        return f"It has more than {ITEMS_AT_MOST} items. Decide on it by itself."
    return ""


def approve_together(seen: Iterable[Seen], *, actor: Actor) -> Sequence[Outcome]:
    """Approve each change as it was seen; say of each what became of it.

    Raises NotPresent for programs.
    """
    actor.require_present_person()
    return [_approve(one, actor) for one in list(seen)[:AT_MOST]]


def _approve(seen: Seen, actor: Actor) -> Outcome:
    revision = Revision.objects.filter(
        change=seen.change, number=seen.revision, digest=seen.digest
    ).first()
    try:
        if revision is None or not _is_visible(revision, actor):
            raise StaleRevision(
                gettext("It is not what you saw. Open it and read it again.")
            )
        if words := why_not_together(revision):
            raise NotHarmless(words)
        review.approve(revision, actor=actor)
    except GatehouseError as error:
        return Outcome(seen.change, str(error))
    return Outcome(seen.change)


def _is_visible(revision: Revision, actor: Actor) -> bool:
    person = actor.require_present_person()
    seen = ChangeRequest.objects.visible_to(person)
    return seen.filter(pk=revision.change_id).exists()
