"""Coming in, going out, and one's own password."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.signals import user_login_failed
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal.accounts.forgotten import AGAIN_AFTER, answer_request
from portal.accounts.models import LinkRequest, Person
from portal.audit.models import AuditEvent
from portal.web.people import (
    sign_in as door,
)
from tests.factories import PASSWORD, Cast
from tests.web.conftest import sign_in

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, 173 seconds before the next window opens."""
    with time_machine.travel("2026-11-21T10:02:07Z", tick=False) as traveller:
        yield traveller


def knock(client: Client, name: str = "riley", password: str = PASSWORD) -> int:
    return client.post(LOGIN, {"username": name, "password": password}).status_code


def test_riley_comes_in_and_is_present(people: Cast) -> None:
    client = Client()

    response = client.post(
        LOGIN, {"username": "riley", "password": PASSWORD, "next": "/audit/"}
    )

    assert response.status_code == 302
    assert response["Location"] == "/audit/"
    event = AuditEvent.objects.get()
    assert (event.event, event.actor) == ("person.signed_in", "riley")
    # Making a token needs a present person: proof that the session counts as one.
    made = client.post(
        "/tokens/", {"name": "x", "scopes": ["gateway:read"], "days": "7"}
    )
    assert made.status_code == 200
    assert people.riley.api_tokens.count() == 1


def test_sign_in_leads_nowhere_outside(people: Cast) -> None:
    response = Client().post(
        LOGIN,
        {"username": "riley", "password": PASSWORD, "next": "https://evil.example/"},
    )

    assert response["Location"] == "/"


@pytest.mark.parametrize("name", ["riley", "nobody", "my-secret-password", ""])
def test_a_failed_sign_in_is_answered_in_words_and_recorded(
    people: Cast, name: str
) -> None:
    response = Client().post(LOGIN, {"username": name, "password": "wrong"})

    assert response.status_code == 400
    event = AuditEvent.objects.get()
    assert event.event == "person.sign_in_failed"
    assert event.subject == (name if name == "riley" else "an unknown name")
    assert "my-secret-password" not in str(vars(event))


def test_somebody_switched_off_stays_outside(people: Cast) -> None:
    Person.objects.filter(username="riley").update(is_active=False)

    assert knock(Client()) == 400


def test_guessing_one_name_is_stopped_and_others_are_not(people: Cast) -> None:
    for _ in range(door.PER_NAME):
        assert knock(Client(), password="wrong") == 400

    locked = Client().post(LOGIN, {"username": "riley", "password": PASSWORD})

    assert locked.status_code == 429
    assert locked["Retry-After"] == "173"
    assert "Too many tries. Wait 3 minutes," in locked.content.decode()
    assert knock(Client(), "omar") == 302
    assert knock(Client(REMOTE_ADDR="192.0.2.7"), "riley") == 302
    failed = AuditEvent.objects.filter(event="person.sign_in_failed")
    assert failed.count() == door.PER_NAME


def test_a_locked_door_looks_nothing_up(people: Cast) -> None:
    for _ in range(door.PER_NAME):
        knock(Client(), password="wrong")
    looked_up: list[object] = []
    user_login_failed.connect(watch := lambda **found: looked_up.append(found))

    locked = Client().post(LOGIN, {"username": "riley", "password": "wrong"})

    user_login_failed.disconnect(watch)
    assert locked.status_code == 429
    assert looked_up == []
    assert 'value="riley"' in locked.content.decode()


def test_guessing_many_names_from_one_address_is_stopped(people: Cast) -> None:
    for number in range(door.PER_ADDRESS):
        knock(Client(), f"name{number}", "wrong")

    assert knock(Client(), "riley") == 429


def test_guessing_at_a_locked_name_locks_nobody_else_out(people: Cast) -> None:
    for _ in range(door.PER_ADDRESS + door.PER_NAME):
        knock(Client(), password="wrong")

    assert knock(Client(), "omar") == 302


def test_coming_in_uses_nothing_up(people: Cast) -> None:
    for _ in range(door.PER_ADDRESS + 1):
        assert knock(Client()) == 302


def test_who_got_in_starts_anew_and_time_unlocks(
    people: Cast, clock: time_machine.Traveller
) -> None:
    for _ in range(door.PER_NAME - 1):
        knock(Client(), password="wrong")
    assert knock(Client()) == 302
    for _ in range(door.PER_NAME):
        assert knock(Client(), password="wrong") == 400
    assert knock(Client()) == 429

    clock.shift(173)

    assert knock(Client()) == 302


@pytest.mark.usefixtures("people")
def test_asking_for_many_links_is_stopped() -> None:
    asked = {"email": "riley@example.com"}
    answers = [
        Client().post("/accounts/password/reset/", asked)
        for _ in range(door.PER_NAME + 1)
    ]

    assert [a.status_code for a in answers] == [302] * door.PER_NAME + [429]
    assert answers[-1]["Retry-After"] == "173"
    assert "Try again in 3 minutes." in answers[-1].content.decode()


def test_a_forged_forwarding_header_gives_no_new_address(people: Cast) -> None:
    for number in range(door.PER_NAME):
        client = Client(headers={"X-Forwarded-For": f"10.0.0.{number}"})
        knock(client, password="wrong")

    assert knock(Client(headers={"X-Forwarded-For": "10.0.0.99"})) == 429


def test_signing_out_is_a_post_and_recorded(people: Cast) -> None:
    client = sign_in(people.riley)
    assert client.get("/accounts/logout/").status_code == 405

    client.post("/accounts/logout/")

    assert AuditEvent.objects.get().event == "person.signed_out"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("header", ["Authorization", "X-API-KEY"])
def test_a_token_does_not_sign_in(people: Cast, header: str) -> None:
    response = Client(headers={header: "Bearer x"}).post(
        LOGIN, {"username": "riley", "password": PASSWORD}
    )

    assert response.status_code == 403


def answered_by_a_worker() -> None:
    """Do what a worker does with what was asked for."""
    for asked in LinkRequest.objects.all():
        answer_request(asked.pk, timezone.now())


def test_a_forgotten_password_is_set_by_a_link_from_our_own_address(
    people: Cast,
) -> None:
    response = Client(headers={"Host": "localhost"}).post(
        "/accounts/password/reset/", {"email": people.riley.email}
    )
    assert response.status_code == 302
    answered_by_a_worker()
    assert mail.outbox[0].to == [people.riley.email]
    link = re.search(r"http://localhost:5000(/\S+)", str(mail.outbox[0].body))
    assert link

    client = Client()
    form = client.get(link[1], follow=True)
    address = form.redirect_chain[-1][0]
    client.post(
        address,
        {
            "new_password1": "a-quite-new-passphrase",
            "new_password2": "a-quite-new-passphrase",
        },
    )

    assert knock(Client(), password="a-quite-new-passphrase") == 302
    assert client.get(link[1], follow=True).context["validlink"] is False
    assert [event.event for event in AuditEvent.objects.order_by("number")][:2] == [
        "person.reset_sent",
        "person.changed",
    ]


def test_asking_for_a_link_tells_nobody_who_has_an_account(people: Cast) -> None:
    """Not by the answer, nor by what it has the desk do before it."""
    answers, done = [], []
    for email in (people.riley.email, "someone@example.com"):
        with CaptureQueriesContext(connection) as asked:
            answers.append(Client().post("/accounts/password/reset/", {"email": email}))
        # Without the values and the names of savepoints.
        done.append([re.sub(r"VALUES.*|\"s\d+_\w+\"", "", one["sql"]) for one in asked])

    assert len({(a.status_code, a["Location"]) for a in answers}) == 1
    assert done[0] == done[1]
    assert not any("person" in words for words in done[0])
    assert not mail.outbox
    answered_by_a_worker()
    assert [letter.to for letter in mail.outbox] == [[people.riley.email]]
    assert not LinkRequest.objects.exists()


def test_a_link_that_no_mail_server_took_is_tried_again(
    people: Cast, settings: Settings
) -> None:
    Client().post("/accounts/password/reset/", {"email": people.riley.email})
    asked, sends = LinkRequest.objects.get(), settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answered_by_a_worker()
    assert not AuditEvent.objects.filter(event="person.reset_sent").exists()

    settings.EMAIL_BACKEND = sends
    answered_by_a_worker()
    assert not mail.outbox
    answer_request(asked.pk, timezone.now() + AGAIN_AFTER)

    assert [letter.to for letter in mail.outbox] == [[people.riley.email]]
    assert not LinkRequest.objects.exists()


def test_an_open_browser_does_not_let_one_try_passwords(people: Cast) -> None:
    here = sign_in(people.riley)
    new = {"new_password1": "a-quite-new-passphrase"}
    new["new_password2"] = new["new_password1"]
    for _ in range(5):
        wrong = here.post("/accounts/password/", {"old_password": "wrong"} | new)
        assert "Too many" not in wrong.content.decode()

    locked = here.post("/accounts/password/", {"old_password": PASSWORD} | new)

    assert "Too many tries. Wait" in locked.content.decode()
    people.riley.refresh_from_db()
    assert people.riley.check_password(PASSWORD)


def test_changing_the_password_keeps_this_session_and_ends_others(
    people: Cast,
) -> None:
    here, there = sign_in(people.riley), sign_in(people.riley)

    here.post(
        "/accounts/password/",
        {
            "old_password": PASSWORD,
            "new_password1": "a-quite-new-passphrase",
            "new_password2": "a-quite-new-passphrase",
        },
    )

    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert AuditEvent.objects.get().details == {"fields": ["password"]}
