"""Letters: one for all that is due, nothing twice, nothing one may not see."""

from datetime import UTC, datetime, timedelta
from socket import socket
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role
from portal.notifications.mails import LINES, people_due, send_letter
from portal.notifications.models import Notification, Topic, Way
from portal.notifications.ways import mail_due
from tests.factories import make_gateway, make_person

NOW = datetime(2026, 3, 3, 9, 20, tzinfo=UTC)


@pytest.fixture
def alice(db: None) -> Person:
    return make_person("alice", Role.AUTHOR)


def notify(person: Person, count: int = 1, **fields: Any) -> list[Notification]:
    values: dict[str, Any] = {
        "topic": Topic.DECIDED,
        "words": "riley approved",
        "label": "#12 Talks",
        "path": "/changes/12/",
        "mail_due_at": timezone.now(),
    } | fields
    first = Notification.objects.count()
    return [
        Notification.objects.create(person=person, key=f"event:{first + nth}", **values)
        for nth in range(count)
    ]


@pytest.mark.parametrize(
    ("way", "due"),
    [
        (Way.NOW, NOW),
        (Way.HOURLY, datetime(2026, 3, 3, 10, tzinfo=UTC)),
        (Way.DAILY, datetime(2026, 3, 4, 8, tzinfo=UTC)),
        (Way.INBOX, None),
        (Way.NONE, None),
    ],
)
def test_a_letter_is_due_as_its_reader_wants(way: Way, due: datetime | None) -> None:
    assert mail_due(way, NOW) == due


def test_a_morning_is_the_readers() -> None:
    berlin = mail_due(Way.DAILY, NOW, ZoneInfo("Europe/Berlin"))
    honolulu = mail_due(Way.DAILY, NOW, ZoneInfo("Pacific/Honolulu"))

    assert berlin == datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert honolulu == datetime(2026, 3, 3, 18, tzinfo=UTC)


def test_all_that_is_due_goes_in_one_letter_and_once(
    alice: Person, settings: Any
) -> None:
    first, second = notify(alice, 2)
    notify(alice, mail_due_at=timezone.now() + timedelta(hours=1))
    now = timezone.now()

    assert people_due(now) == [alice.pk]
    assert send_letter(alice.pk, now)
    assert not send_letter(alice.pk, now)

    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "[Gatehouse] riley approved and 1 more"
    assert "- riley approved: #12 Talks" in letter.body
    assert f"{settings.PUBLIC_URL}/inbox/{first.pk}/" in letter.body
    assert f"{settings.PUBLIC_URL}/inbox/{second.pk}/" in letter.body
    assert people_due(now) == []


def test_a_long_letter_ends(alice: Person) -> None:
    notify(alice, LINES + 3)

    send_letter(alice.pk, timezone.now())

    assert mail.outbox[0].body.count("riley approved") == LINES
    assert "3 more in your inbox" in mail.outbox[0].body


def test_what_was_read_or_is_no_longer_theirs_is_left_out(alice: Person) -> None:
    notify(alice, read_at=timezone.now())
    notify(alice, gateway=make_gateway())
    Membership.objects.all().delete()

    assert not send_letter(alice.pk, timezone.now())
    assert mail.outbox == []
    assert people_due(timezone.now()) == []


def test_what_hides_in_a_name_is_shown_and_breaks_no_line(alice: Person) -> None:
    notify(alice, words="riley\r\nBcc: eve@example.com approved", label="a‮b")

    send_letter(alice.pk, timezone.now())

    assert "\n" not in mail.outbox[0].subject
    assert "U+202E" in mail.outbox[0].body


def test_a_letter_that_no_server_took_is_tried_again_and_given_up(
    alice: Person, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    notify(alice)
    now = timezone.now()

    with socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = nobody_listens.getsockname()
        assert not send_letter(alice.pk, now)

    assert people_due(now) == []
    assert people_due(now + timedelta(minutes=11)) == [alice.pk]

    assert not send_letter(alice.pk, now + timedelta(days=3))
    assert people_due(now + timedelta(days=4)) == []
