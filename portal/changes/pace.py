"""How many changes were asked for and applied of late, and how soon they were approved."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import Count, Value
from django.db.models.functions import TruncDate
from django.utils import timezone

from portal.accounts.models import Person
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    DeliveryState,
    Review,
    Verdict,
)

DAYS = 30
# Enough to name a middle by, and bounded however busy the desk is.
APPROVALS = 200


@dataclass(frozen=True)
class Day:
    """What happened on one day, in the time zone that is active."""

    day: date
    asked: int
    applied: int


@dataclass(frozen=True)
class Pace:
    """The last days, the oldest first; `approved_in` is the median, None without any."""

    days: list[Day]
    approved_in: timedelta | None

    @property
    def asked(self) -> int:
        return sum(day.asked for day in self.days)

    @property
    def applied(self) -> int:
        return sum(day.applied for day in self.days)


def pace_for(person: Person, now: datetime) -> Pace:
    """Return the pace on the gateways this person may see. Two queries."""
    today = timezone.localdate(now)
    first = today - timedelta(days=DAYS - 1)
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    counted = _counted(person, since)
    waited = (
        Review.objects.filter(
            verdict=Verdict.APPROVE,
            revision__change__gateway__in=person.gateways(),
            revision__change__submitted_at__isnull=False,
        )
        .order_by("-pk")
        .values_list("created_at", "revision__change__submitted_at")[:APPROVALS]
    )
    lengths = [
        (at - asked_at).total_seconds()
        for at, asked_at in waited
        if asked_at and at >= since
    ]
    return Pace(
        days=[
            Day(day, counted["asked", day], counted["applied", day])
            for day in (first + timedelta(days=nth) for nth in range(DAYS))
        ],
        approved_in=timedelta(seconds=median(lengths)) if lengths else None,
    )


def _counted(person: Person, since: datetime) -> Counter[tuple[str, date]]:
    asked = ChangeRequest.objects.filter(
        gateway__in=person.gateways(), submitted_at__gte=since
    ).annotate(what=Value("asked"), day=TruncDate("submitted_at"))
    applied = Delivery.objects.filter(
        gateway__in=person.gateways(),
        state=DeliveryState.VERIFIED,
        finished_at__gte=since,
    ).annotate(what=Value("applied"), day=TruncDate("finished_at"))
    rows = (
        some.order_by().values_list("what", "day").annotate(count=Count("pk"))
        for some in (asked, applied)
    )
    both = next(rows).union(next(rows), all=True)
    return Counter({(what, day): count for what, day, count in both})
