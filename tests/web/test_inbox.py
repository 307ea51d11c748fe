"""The inbox: what I was told, read when I went there, and how I want to be told."""

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.notifications.models import Notification, Topic, Way, Wish
from portal.notifications.ways import ways_of
from tests.factories import Cast
from tests.notifications.test_mails import notify

As = Callable[[str], Client]


def test_the_shell_counts_what_is_unread_and_going_there_reads_it(
    as_: As, people: Cast
) -> None:
    (one,) = notify(people.alice)
    notify(people.riley)
    alice = as_("alice")
    assert '1<span class="unseen"> unread' in alice.get("/").content.decode()

    response = alice.get(one.get_absolute_url())

    assert response.headers["Location"] == "/changes/12/"
    page = alice.get("/inbox/").content.decode()
    assert "You have read it all" in page
    assert "riley approved" in alice.get("/inbox/?state=all").content.decode()
    assert Notification.objects.unread().get().person == people.riley


def test_another_persons_notification_is_not_there(as_: As, people: Cast) -> None:
    (one,) = notify(people.riley)

    assert as_("alice").get(one.get_absolute_url()).status_code == 404


def test_all_that_was_shown_is_marked_as_read_and_no_more(
    as_: As, people: Cast
) -> None:
    shown, later = notify(people.alice, 2)
    alice = as_("alice")

    alice.post("/inbox/read/", {"until": shown.pk})
    alice.post("/inbox/read/", {"until": "x"})

    assert [one.pk for one in Notification.objects.unread()] == [later.pk]


def test_a_full_inbox_takes_few_queries(
    as_: As, people: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    notify(people.alice, 30)
    alice = as_("alice")

    with django_assert_max_num_queries(8):
        page = alice.get("/inbox/").content.decode()

    assert page.count("riley approved") == 25
    assert "after=" in page


def test_one_chooses_how_to_be_told(as_: As, people: Cast) -> None:
    alice = as_("alice")
    given = {topic.value: way.value for topic, way in ways_of(people.alice).items()}

    refused = alice.post("/inbox/settings/", given | {Topic.DRIFT: "by pigeon"})
    assert refused.status_code == 400
    assert not Wish.objects.exists()
    alice.post("/inbox/settings/", given | {Topic.DRIFT: Way.NONE.value})

    assert ways_of(people.alice)[Topic.DRIFT] == Way.NONE
    assert ways_of(people.riley)[Topic.DRIFT] != Way.NONE
