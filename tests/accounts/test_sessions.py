"""Sessions: whose they are, that they end, and that nobody ends another's."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.accounts.models import Session
from portal.accounts.passwords import password_set
from portal.accounts.sessions import end_session, forget_expired
from portal.audit.models import AuditEvent
from tests.actors import present
from tests.factories import PASSWORD, make_person

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def come_in(name: str, agent: str = FIREFOX) -> Client:
    client = Client(headers={"User-Agent": agent})
    client.post("/accounts/login/", {"username": name, "password": PASSWORD})
    return client


def test_a_session_says_whose_it_is_and_how_they_came_in() -> None:
    riley = make_person("riley")

    come_in("riley")

    session = Session.objects.get()
    assert session.person == riley
    assert session.way == "password"
    assert session.address == "127.0.0.1"
    assert session.browser == FIREFOX
    assert AuditEvent.objects.get().details == {"way": "password"}


def test_reading_notes_the_use_once_in_a_while() -> None:
    make_person("riley")
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False) as clock:
        client = come_in("riley")
        began = timezone.now()
        clock.shift(60)
        client.get("/accounts/security/")
        assert Session.objects.get().seen_at == began
        clock.shift(600)
        client.get("/accounts/security/")
        assert Session.objects.get().seen_at == timezone.now()


def test_a_session_that_is_ended_opens_nothing_and_is_recorded() -> None:
    make_person("riley")
    here, there = come_in("riley"), come_in("riley", "Mozilla/5.0 (iPhone) Safari/605")
    handle = Session.objects.get(browser__contains="iPhone").handle

    page = here.get("/accounts/security/").content.decode()
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    here.post(f"/accounts/sessions/{handle}/end/")

    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert AuditEvent.objects.filter(event="session.revoked").count() == 1


def test_sign_out_everywhere_else_leaves_this_one() -> None:
    make_person("riley")
    here, *others = [come_in("riley") for _ in range(3)]

    here.post("/accounts/sessions/end-others/")

    assert here.get("/").status_code == 200
    assert [other.get("/").status_code for other in others] == [302, 302]
    event = AuditEvent.objects.get(event="session.others_revoked")
    assert event.details == {"sessions": 2}


def test_nobody_ends_the_session_of_another() -> None:
    make_person("riley")
    there = come_in("riley")
    handle = Session.objects.get().handle

    with pytest.raises(NotVisible):
        end_session(handle, actor=present(make_person("omar")))

    assert there.get("/").status_code == 200


def test_a_password_set_by_a_link_ends_every_session() -> None:
    riley = make_person("riley")
    there = come_in("riley")

    password_set(riley, actor=Actor(person=riley, channel="portal"))

    assert there.get("/").status_code == 302
    assert not Session.objects.exists()


def test_what_is_over_is_forgotten() -> None:
    make_person("riley")
    come_in("riley")

    forget_expired(timezone.now())
    assert Session.objects.count() == 1
    forget_expired(timezone.now() + timedelta(days=15))
    assert not Session.objects.exists()


def test_the_page_takes_few_queries_however_many_sessions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_person("riley")
    client, *_ = [come_in("riley") for _ in range(20)]
    with django_assert_max_num_queries(12):
        client.get("/accounts/security/")
