"""Second factors at the door, and proving once more that it is you."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Factor, Membership, Person, Session
from portal.accounts.session_store import SIGNED_IN_AT
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Review
from portal.web.people import (
    proofs,
    second_step,
)
from tests.factories import PASSWORD, Cast, make_app, make_change
from tests.totp import code_of
from tests.web.conftest import sign_in

LOGIN, SECOND = "/accounts/login/", "/accounts/login/second/"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, at the beginning of a window of tries."""
    with time_machine.travel("2026-11-21T10:00:07Z", tick=False) as traveller:
        yield traveller


def knock(next_url: str = "") -> Client:
    """Give riley's name and password."""
    client = Client()
    client.post(LOGIN, {"username": "riley", "password": PASSWORD, "next": next_url})
    return client


def test_a_password_alone_opens_nothing_and_a_code_does(people: Cast) -> None:
    secret, _ = make_app(people.riley)
    client = knock("/audit/")

    assert client.get("/").status_code == 302
    assert not Session.objects.exclude(person=None).exists()
    done = client.post(SECOND, {"proof_code": code_of(secret)})

    assert done["Location"] == "/audit/"
    assert client.get("/").status_code == 200
    event = AuditEvent.objects.get(event="person.signed_in")
    assert event.details == {"way": "password and code"}


def test_a_code_opens_one_door(people: Cast) -> None:
    secret, _ = make_app(people.riley)

    codes = {"proof_code": code_of(secret)}

    assert [knock().post(SECOND, codes).status_code for _ in range(2)] == [302, 400]


def test_a_recovery_code_opens_once(people: Cast) -> None:
    _, codes = make_app(people.riley)

    tries = [knock().post(SECOND, {"proof_code": codes[0]}) for _ in range(2)]

    assert [done.status_code for done in tries] == [302, 400]
    assert AuditEvent.objects.filter(event="person.recovery_code_used").count() == 1


def test_the_password_is_no_second_factor(people: Cast) -> None:
    make_app(people.riley)

    assert knock().post(SECOND, {"proof_password": PASSWORD}).status_code == 400


def test_codes_are_not_guessed_from_however_many_places(people: Cast) -> None:
    secret, _ = make_app(people.riley)
    for number in range(proofs.AT_ONCE):
        client = knock()
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert client.post(SECOND, {"proof_code": "000000"}).status_code == 400

    locked = knock().post(SECOND, {"proof_code": code_of(secret)})

    assert locked.status_code == 429
    assert int(locked["Retry-After"]) > 0
    failed = AuditEvent.objects.filter(event="person.sign_in_failed")
    assert {event.details["step"] for event in failed} == {"second factor"}


def test_half_way_in_is_not_for_ever_and_not_past_a_new_password(
    people: Cast, clock: time_machine.Traveller
) -> None:
    secret, _ = make_app(people.riley)
    slow, stolen = knock(), knock()
    people.riley.set_password("a-quite-new-passphrase")
    people.riley.save()

    assert stolen.get(SECOND)["Location"] == LOGIN
    clock.shift(601)
    assert slow.post(SECOND, {"proof_code": code_of(secret)})["Location"] == LOGIN
    assert Client().get(SECOND)["Location"] == LOGIN


def test_an_app_is_added_on_the_page_and_codes_are_shown_once(people: Cast) -> None:
    client = sign_in(people.riley)

    page = client.get("/accounts/security/app/").content.decode()
    secret = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    fields = dict(HIDDEN.findall(page))
    assert secret
    assert "<svg class=" in page
    wrong = client.post(
        "/accounts/security/app/", {"offer": fields["offer"], "code": "1"}
    )
    assert wrong.status_code == 400
    assert secret[1] in wrong.content.decode(), "the same secret, for another try"
    made = client.post(
        "/accounts/security/app/",
        {"offer": fields["offer"], "code": code_of(secret[1])},
    )

    codes = re.findall(r"\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3}\b", made.content.decode())
    assert len(codes) == 10
    assert "no-store" in made["Cache-Control"]
    security = client.get("/accounts/security/").content.decode()
    assert "10 left" in security
    assert codes[0] not in security
    assert secret[1] not in security


def test_who_must_have_one_is_led_to_it_before_anything_else(
    people: Cast, settings: Settings, change: ChangeRequest
) -> None:
    settings.SECOND_FACTOR_REQUIRED = "reviewer"
    riley, alice = sign_in(people.riley), sign_in(people.alice)
    admin = sign_in(people.admin)

    assert alice.get("/").status_code == 200
    assert admin.get("/admin/")["Location"] == "/accounts/security/"
    assert riley.get("/")["Location"] == "/accounts/security/"
    assert approve(riley, change)["Location"] == "/accounts/security/"
    assert not Review.objects.exists()
    shown = riley.get("/accounts/security/")
    assert "Your role needs a second factor" in shown.content.decode()
    assert riley.get("/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    make_app(people.riley)

    assert riley.get("/").status_code == 200


def approve(client: Client, change: ChangeRequest, **more: str) -> object:
    revision = change.latest_revision()
    return client.post(
        f"/changes/{change.pk}/approve/",
        {"revision": revision.number, "digest": revision.digest, **more},
    )


@pytest.fixture
def production(gateway: Gateway, settings: Settings) -> Gateway:
    settings.REAUTHENTICATE_FOR_PRODUCTION = 10
    gateway.environment = "Production"
    gateway.save()
    return gateway


def stale(person: Person, minutes: int = 11) -> Client:
    client = sign_in(person)
    session = client.session
    at = timezone.now() - timedelta(minutes=minutes)
    session[SIGNED_IN_AT] = at.isoformat()
    session.save()
    return client


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/roles/", {"person": "alice", "role": "reviewer", "reason": "So."}),
        ("/rules/edit/", {"rules": "[]"}),
        ("/admin/accounts/person/add/", {"username": "nina"}),
        ("/tokens/", {"name": "CI", "scopes": "gateway:read", "days": "7"}),
    ],
)
def test_what_reaches_all_gateways_reaches_production(
    people: Cast, production: Gateway, address: str, sent: dict[str, str]
) -> None:
    def counts() -> list[int]:
        rows = (Membership, Person, ApiToken)
        return [model.objects.count() for model in rows]  # type: ignore[attr-defined]

    before = counts()

    asked = stale(people.admin).post(address, sent)

    assert asked.status_code == 403
    assert "Confirm that it is you" in asked.content.decode()
    assert before == counts()


def test_a_token_is_made_once_it_is_confirmed(
    people: Cast, production: Gateway
) -> None:
    alice = stale(people.alice)
    given = {"name": "CI", "scopes": "gateway:read", "days": "7"}
    alice.post("/tokens/", given)

    again = alice.post(
        "/accounts/confirm/",
        given
        | {
            "proof_next": "/tokens/",
            "proof_method": "post",
            "proof_password": PASSWORD,
        },
    )
    assert (again.status_code, again["Location"]) == (307, "/tokens/")
    assert alice.post(again["Location"], given).status_code == 200

    assert people.alice.api_tokens.get().name == "CI"


def test_deciding_on_production_asks_again_and_loses_no_word(
    people: Cast, production: Gateway, change: ChangeRequest
) -> None:
    riley = stale(people.riley)
    words = 'Limit it first: "10 < 20" & so on.'
    revision = change.latest_revision()

    asked = riley.post(
        f"/changes/{change.pk}/reject/",
        {"revision": revision.number, "digest": revision.digest, "comment": words},
    )

    assert asked.status_code == 403
    assert "Confirm that it is you" in asked.content.decode()
    assert not Review.objects.exists()
    carried = {
        name: html.unescape(value)
        for name, value in HIDDEN.findall(asked.content.decode())
    }
    assert carried["comment"] == words
    wrong = riley.post("/accounts/confirm/", carried | {"proof_password": "wrong"})
    assert wrong.status_code == 400
    assert html.escape(words) in wrong.content.decode()

    done = riley.post(
        "/accounts/confirm/", carried | {"proof_password": PASSWORD}, follow=True
    )

    assert done.status_code == 200
    assert done.redirect_chain[0] == (f"/changes/{change.pk}/reject/", 307)
    assert Review.objects.get().comment == words
    confirmed = AuditEvent.objects.get(event="person.confirmed")
    assert confirmed.details == {"way": "password"}
    assert "wrong" not in str([vars(event) for event in AuditEvent.objects.all()])


def test_elsewhere_and_lately_nobody_is_asked_again(
    people: Cast, production: Gateway, change: ChangeRequest
) -> None:
    assert approve(stale(people.riley, 9), change).status_code == 302  # type: ignore[attr-defined]
    Review.objects.all().delete()
    production.environment = "staging"
    production.save()
    other = make_change(gateway=production, author=people.alice)

    assert approve(stale(people.riley), other).status_code == 302  # type: ignore[attr-defined]


def test_a_second_factor_confirms_and_the_password_does_not(
    people: Cast, production: Gateway, change: ChangeRequest
) -> None:
    secret, _ = make_app(people.riley)
    riley = stale(people.riley)

    assert (
        riley.post("/accounts/confirm/", {"proof_password": PASSWORD}).status_code
        == 400
    )
    done = riley.post(
        "/accounts/confirm/", {"proof_code": code_of(secret), "proof_next": "/audit/"}
    )

    assert done["Location"] == "/audit/"
    assert approve(riley, change).status_code == 302  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil", ""],
)
def test_confirming_leads_nowhere_outside(people: Cast, wanted: str) -> None:
    riley = stale(people.riley)
    sent = {"proof_password": PASSWORD, "proof_next": wanted, "proof_method": "post"}

    assert riley.post("/accounts/confirm/", sent)["Location"] == "/"


def test_guesses_at_confirming_are_counted(people: Cast) -> None:
    riley = stale(people.riley)
    for _ in range(proofs.AT_ONCE):
        riley.post("/accounts/confirm/", {"proof_password": "wrong"})

    locked = riley.post("/accounts/confirm/", {"proof_password": PASSWORD})

    assert locked.status_code == 429


def test_changing_factors_asks_who_signed_in_long_ago(people: Cast) -> None:
    riley = stale(people.riley, 16)

    assert riley.get("/accounts/security/app/").status_code == 403
    sent = {
        "proof_password": PASSWORD,
        "proof_next": "/accounts/security/app/",
        "proof_method": "get",
    }
    assert (
        riley.post("/accounts/confirm/", sent)["Location"] == "/accounts/security/app/"
    )
    assert riley.get("/accounts/security/app/").status_code == 200


def test_the_back_office_resets_a_second_factor(people: Cast) -> None:
    make_app(people.riley)
    there = sign_in(people.riley)
    admin = sign_in(people.admin)
    sent = {
        "action": "reset_second_factors",
        "_selected_action": people.riley.pk,
        "reason": "The phone is gone.",
    }

    refused = admin.post("/admin/accounts/person/", sent, follow=True)
    assert "second factor of your own first" in html.unescape(refused.content.decode())
    assert Factor.objects.filter(person=people.riley).exists()
    make_app(people.admin)
    admin.post("/admin/accounts/person/", sent)

    assert not Factor.objects.filter(person=people.riley).exists()
    assert there.get("/").status_code == 302


def test_a_stranger_has_only_so_many_passkeys_asked_for(people: Cast) -> None:
    asked = [
        Client().post("/accounts/passkeys/ask/").status_code
        for _ in range(second_step.ASKED_AT_MOST + 1)
    ]

    assert set(asked[:-1]) == {200}
    assert asked[-1] == 429
