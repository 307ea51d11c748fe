"""How many changes there were of late, and how soon they were approved."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from portal.accounts.roles import Role
from portal.changes.models import Delivery, Review
from portal.changes.pace import DAYS, pace_for
from portal.changes.states import State
from tests.factories import (
    make_cast,
    make_change,
    make_delivery,
    make_gateway,
    make_person,
    make_review,
)

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_a_day_counts_what_was_asked_for_and_what_went_live(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    people, gateway = make_cast(), make_gateway()
    for days_ago, waited in ((0, 1), (0, 2), (3, 9), (DAYS, 500)):
        asked_at = NOW - timedelta(days=days_ago, hours=3)
        change = make_change(
            gateway=gateway,
            author=people.alice,
            state=State.APPLIED,
            submitted_at=asked_at,
        )
        review = make_review(change.latest_revision(), people.riley)
        Review.objects.filter(pk=review.pk).update(
            created_at=asked_at + timedelta(minutes=waited)
        )
    delivery = make_delivery(change)
    Delivery.objects.filter(pk=delivery.pk).update(finished_at=NOW)
    make_change(gateway=gateway, author=people.alice, state=State.DRAFT)
    elsewhere = make_person("erin", Role.REVIEWER, gateway=make_gateway("other"))

    with django_assert_num_queries(2):
        pace = pace_for(people.riley, NOW)

    assert len(pace.days) == DAYS
    assert [(day.asked, day.applied) for day in pace.days[-4:]] == [
        (1, 0),
        (0, 0),
        (0, 0),
        (2, 1),
    ]
    assert (pace.asked, pace.applied) == (3, 1)
    assert pace.approved_in == timedelta(minutes=2)
    assert pace_for(elsewhere, NOW).asked == 0
    assert pace_for(elsewhere, NOW).approved_in is None
