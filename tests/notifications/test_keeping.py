"""What is read, what ends soon, what is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import ApiToken
from portal.changes.models import AfterReview, Verdict
from portal.notifications.keeping import (
    KEPT_FOR,
    forget,
    read,
    read_all,
    tell_of_ending_tokens,
    tell_of_open_reviews,
)
from portal.notifications.models import Notification, Topic
from tests.factories import (
    make_cast,
    make_change,
    make_gateway,
    make_person,
    make_review,
    make_token,
)
from tests.notifications.test_mails import notify

pytestmark = pytest.mark.django_db


def test_one_reads_ones_own_and_only_what_one_was_shown() -> None:
    alice, bob = make_person("alice"), make_person("bob")
    first, second, later = notify(alice, 3)
    now = timezone.now()

    assert read(bob, first.pk, now) is None
    assert read(alice, first.pk, now) == first
    read_all(alice, second.pk, now)

    unread = Notification.objects.unread()
    assert [one.pk for one in unread] == [later.pk]
    assert read_all(bob, later.pk, now) == 0


def test_a_token_that_ends_soon_is_told_of_once() -> None:
    alice = make_person("alice")
    make_token(alice, days=5, name="Soon")
    make_token(alice, days=30, name="Later")
    revoked, _ = make_token(alice, days=5, name="Revoked")
    now = timezone.now()
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=now)

    tell_of_ending_tokens(now)
    tell_of_ending_tokens(now)

    told = Notification.objects.get()
    assert (told.topic, told.label, told.path) == (Topic.TOKEN, "Soon", "/tokens/")


def test_what_was_delivered_alone_is_told_of_daily_until_somebody_reviews_it() -> None:
    people, now = make_cast(), timezone.now()
    change = make_change(gateway=make_gateway(), author=people.alice)
    review = make_review(change.latest_revision(), people.omar, Verdict.BREAK_GLASS)
    AfterReview.objects.create(review=review, opened_at=now - timedelta(hours=2))
    assert tell_of_open_reviews(now) == 0

    later = now + timedelta(days=1)
    for _ in range(2):
        tell_of_open_reviews(later)
    told = Notification.objects.values_list("person__username", flat=True)
    assert sorted(told) == ["admin", "riley"]
    tell_of_open_reviews(later + timedelta(days=1))
    assert len(told.all()) == 4


def test_what_is_long_over_is_dropped() -> None:
    alice = make_person("alice")
    now = timezone.now()
    notify(alice, at=now - KEPT_FOR - timedelta(days=1))
    (kept,) = notify(alice)

    forget(now)

    assert Notification.objects.get() == kept
