"""Whether programs can find this desk: asked over real HTTP, of a real server."""

from socket import socket
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from portal.web.connection_check import CHECKS, Found, check_connection

pytestmark = pytest.mark.django_db(transaction=True)


def bad(found: list[Found]) -> list[str]:
    return [one.title for one in found if not one.is_good]


def test_a_desk_that_answers_at_its_address_is_found(
    live_server: LiveServer, settings: Any
) -> None:
    settings.PUBLIC_URL = live_server.url

    first, *asked = check_connection()

    # The test's server is on this machine, and says so; all else is as it must be.
    assert not first.is_good
    assert "this machine alone" in first.words
    assert bad(asked) == []
    assert len(asked) == len(CHECKS)


def test_a_proxy_that_leads_elsewhere_is_found_out(
    live_server: LiveServer, settings: Any
) -> None:
    # Its documents name another address than the one they were asked at.
    settings.PUBLIC_URL = f"{live_server.url}/elsewhere"

    found = check_connection()

    assert found[1].title == "The desk answers there"
    assert "404 instead of 200" in found[1].words
    assert len(found) == 2


def test_a_desk_that_nobody_reaches_is_asked_once(settings: Any) -> None:
    with socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        settings.PUBLIC_URL = f"http://127.0.0.1:{port}"

        found = check_connection()

    assert bad(found) == [one.title for one in found]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://desk.example.invalid", "Programs refuse http"),
        ("https://desk.example.invalid:8443", "port 443 only"),
    ],
)
def test_an_address_that_programs_refuse_is_told(
    settings: Any, address: str, words: str
) -> None:
    settings.PUBLIC_URL = address

    assert words in check_connection()[0].words
