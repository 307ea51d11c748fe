"""Help: first steps, and how to connect a program."""

import re
from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.models import ApiToken
from portal.web.help import CHECKS_A_MINUTE
from tests.factories import Cast, make_token

As = Callable[[str], Client]


def test_values_to_copy_are_this_desks_own(as_: As, settings: Any) -> None:
    settings.PUBLIC_URL = "https://desk.example.com"

    page = as_("alice").get("/help/connect/").content.decode()

    for path in ("/mcp", "/openapi.yaml", "/o/authorize/", "/o/token/", "/legal"):
        assert f">https://desk.example.com{path}</code>" in page
    assert "gateway:read changes:propose</code>" in page


def test_it_says_when_a_program_was_last_seen(
    as_: As, people: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name, person in (("Seen", "alice"), ("Unseen", "alice"), ("Other", "riley")):
        token, _ = make_token(getattr(people, person), name=name)
        if name != "Unseen":
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    alice = as_("alice")

    with django_assert_max_num_queries(8):
        page = alice.get("/help/connect/").content.decode()

    assert "Seen</span>" in page
    assert "Unseen" not in page
    assert "Other</span>" not in page


def test_the_check_is_not_asked_for_without_end(as_: As, settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    alice = as_("alice")

    # A minute may begin in between, but not two.
    answers = [alice.post("/help/connect/") for _ in range(2 * CHECKS_A_MINUTE + 1)]

    assert "Check again" in answers[0].content.decode()
    assert 429 in {answer.status_code for answer in answers}


def test_help_tells_the_first_steps(as_: As, gateway: Gateway) -> None:
    page = as_("alice").get("/help/").content.decode()

    assert "First steps" in page
    assert 'href="/help/connect/"' in page


def test_help_lists_the_keys_that_the_dialog_of_changes_tells(
    as_: As, gateway: Gateway
) -> None:
    client = as_("alice")

    def keys(address: str) -> set[str]:
        page = client.get(address).content.decode()
        return set(re.findall(r'<kbd class="key">([^<]+)</kbd>', page))

    assert keys("/changes/") == {"j", "k", "a", "/", "?", "Enter"}
    assert keys("/help/") == keys("/changes/") | {"Esc", "Tab"}
