"""My tokens."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.accounts.models import ApiToken
from portal.accounts.tokens import find_token
from portal.audit.models import AuditEvent
from tests.factories import Cast, make_access, make_program, make_token
from tests.web.conftest import sign_in

As = Callable[[str], Client]
ASKED = {"name": "ChatGPT", "scopes": ["gateway:read", "changes:propose"], "days": "30"}


def test_a_token_is_shown_once_and_kept_as_a_hash(as_: As, people: Cast) -> None:
    client = as_("alice")

    response = client.post("/tokens/", ASKED)

    secret = response.context["secret"]
    token = people.alice.api_tokens.get()
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert token.hash == ApiToken.hash_of(secret)
    assert token.scopes == ["changes:propose", "gateway:read"]
    assert token.expires_at is not None
    assert secret not in client.get("/tokens/").content.decode()
    assert secret not in str(AuditEvent.objects.get().details)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "required"),
        ({"name": "x" * 81}, "at most 80"),
        ({"scopes": []}, "Choose at least one"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"days": "100000"}, "not one of the available choices"),
    ],
)
def test_a_form_that_makes_no_sense_says_why_beside_the_field(
    as_: As, change: dict[str, object], words: str
) -> None:
    response = as_("alice").post("/tokens/", ASKED | change)

    assert response.status_code == 400
    assert words in response.content.decode()
    assert ApiToken.objects.count() == 0


def test_a_token_without_end_is_possible(as_: As, people: Cast) -> None:
    as_("alice").post("/tokens/", ASKED | {"days": ""})

    assert people.alice.api_tokens.get().expires_at is None


def test_revoking_ends_my_token_and_nobody_elses(as_: As, people: Cast) -> None:
    mine, _ = make_token(people.alice)
    theirs, _ = make_token(people.riley)
    client = as_("alice")

    client.post(f"/tokens/{mine.pk}/revoke/")
    assert client.post(f"/tokens/{theirs.pk}/revoke/").status_code == 404

    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.revoked_at is not None
    assert theirs.revoked_at is None


def test_programs_i_let_in_are_listed_and_disconnected(
    as_: As, people: Cast, django_assert_max_num_queries: Any
) -> None:
    for name in ("ChatGPT", "Editor", "<b>Odd</b>"):
        make_access(make_program(name), people.alice)
    theirs = make_access(make_program("Riley's"), people.riley)
    client = as_("alice")
    client.get("/tokens/")

    # As many as for one: the session, the person, the frame's, and two lists.
    with django_assert_max_num_queries(8):
        page = client.get("/tokens/").content.decode()
    assert page.count("self-registered, chat.example.com") == 3
    assert "&lt;b&gt;Odd" in page
    assert "Riley" not in page

    [chat] = people.alice.api_tokens.filter(name="ChatGPT")
    client.post(f"/tokens/{chat.pk}/revoke/")
    [other] = people.riley.api_tokens.all()
    assert client.post(f"/tokens/{other.pk}/revoke/").status_code == 404

    page = client.get("/tokens/").content.decode()
    assert page.count("self-registered, chat.example.com") == 2
    assert find_token(theirs) is not None
    [event] = AuditEvent.objects.filter(event="program.disconnected")
    assert event.subject == "ChatGPT (self-registered, chat.example.com)"


def test_making_and_revoking_need_the_forms_token(people: Cast) -> None:
    token, _ = make_token(people.alice)
    client = sign_in(people.alice, enforce_csrf_checks=True)

    assert client.post("/tokens/", ASKED).status_code == 403
    assert client.post(f"/tokens/{token.pk}/revoke/").status_code == 403

    assert ApiToken.objects.get().revoked_at is None
