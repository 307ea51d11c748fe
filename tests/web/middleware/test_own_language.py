"""Whoever reads a page reads their own language; programs get English."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from tests.factories import Cast
from tests.web.conftest import sign_in

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture(autouse=True)
def _in_german(settings: Any) -> None:
    """Offer a language that Django's own words are translated into."""
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]


def spoken(client: Client, path: str) -> str:
    """Return the language that a page says to be in; a browser knows both that it reads."""
    response = client.get(path, headers=GERMAN)
    told = re.search(r'<html lang="(\w+)"', response.content.decode())
    assert told, path
    assert response["Content-Language"] == told[1]
    assert "Accept-Language" in response["Vary"]
    return told[1]


def test_a_page_is_in_the_language_that_its_readers_browser_likes_best(
    people: Cast,
) -> None:
    client = sign_in(people.admin)

    for path in ("/", "/nowhere/", "/api/docs", "/legal"):
        assert spoken(client, path) == "de", path
    # A word that Django has, too.
    assert "<title>Start ·" in client.get("/", headers=GERMAN).content.decode()
    # What one reader's page set does not outlive it.
    assert translation.get_language() == "en"


def test_a_language_that_is_not_offered_is_english(people: Cast) -> None:
    page = sign_in(people.riley).get("/", headers={"Accept-Language": "fr"})

    assert '<html lang="en"' in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/api/changes",
        "/api/nowhere",
        "/mcp",
        "/apisix/admin/routes",
        "/o/token/",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
    ],
)
def test_programs_are_answered_in_english_whatever_they_accept(
    client: Client, path: str
) -> None:
    """Django REST framework and Django OAuth toolkit have German words, too."""
    for ask in (client.get, client.post):
        answers = [ask(path, headers=headers) for headers in (GERMAN, {})]

        told = [
            re.sub(r'"request_id": ?"\w+"', "", answer.content.decode())
            for answer in answers
        ]
        assert told[0] == told[1]
        assert answers[0].get("Content-Language", "en") == "en"
