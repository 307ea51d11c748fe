"""Programs known by the address of a document: read over real TLS, kept for a while.

The server is this machine's, which the product calls for nobody and whose certificate
it does not trust: these two alone are told otherwise here.
"""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from gateway.trust import trusting
from portal.accounts import client_documents
from portal.accounts.client_documents import BadClientDocument, resolve
from portal.accounts.models import Program
from portal.accounts.redirects import BadRedirect
from portal.audit.models import AuditEvent
from portal.errors import GatehouseError
from portal.outbound import Reach, fetch
from tests.actors import present
from tests.certificates import Certified, self_signed
from tests.factories import make_person
from tests.gateway.evil import EvilServer, evil, http, says, silent

pytestmark = pytest.mark.django_db
CALLBACK = "https://app.example.com/callback"


@pytest.fixture
def certified(monkeypatch: pytest.MonkeyPatch) -> Certified:
    own = self_signed("app.example.com", address="127.0.0.1")
    trusted = partial(fetch, context=trusting(own.pem))
    monkeypatch.setattr(client_documents, "fetch", trusted)
    monkeypatch.setattr(client_documents, "REACH", Reach.CONFIGURED)
    return own


class Site:
    """Answers with a document at its own address, or with something else."""

    def __init__(self, server: EvilServer) -> None:
        self.server = server
        self.client_id = f"{server.url}/app.json"
        self.said: dict[str, Any] = {
            "client_id": self.client_id,
            "client_name": "The App",
            "redirect_uris": [CALLBACK],
        }
        self.body: bytes | None = None
        self.status = 200
        self.type = "application/json"
        self.more = ""

    def answer(self, connection: Any, request: bytes) -> None:
        body = orjson.dumps(self.said) if self.body is None else self.body
        says(http(self.status, body, self.type, self.more))(connection, request)


@pytest.fixture
def site(certified: Certified, tmp_path: Path) -> Iterator[Site]:
    made: list[Site] = []
    with evil(
        lambda *got: made[0].answer(*got), tls=certified.server_context(tmp_path)
    ) as server:
        made.append(Site(server))
        yield made[0]


def resolved(site: Site) -> Program:
    program = resolve(site.client_id, actor=present(make_person("alice")))
    assert program is not None
    return program


def test_a_document_makes_a_program_without_a_secret(site: Site) -> None:
    program = resolved(site)

    assert program.name == "The App"
    assert program.known_by == "127.0.0.1"
    assert program.redirect_uris == CALLBACK
    assert program.client_type == Program.CLIENT_PUBLIC
    assert not program.is_gpt_action
    assert b"accept: application/json" in site.server.requests[0].lower()
    [event] = AuditEvent.objects.all()
    assert event.event == "program.registered"
    assert event.actor == "alice"


def test_it_is_kept_for_a_while_and_then_read_again(site: Site) -> None:
    alice = present(make_person("alice"))
    site.more += "Cache-Control: public, max-age=600\r\n"
    resolve(site.client_id, actor=alice)
    site.said["client_name"] = "Renamed"

    again = resolve(site.client_id, actor=alice)
    assert again is not None
    assert again.name == "The App"
    with time_machine.travel(timezone.now() + timedelta(seconds=601), tick=False):
        later = resolve(site.client_id, actor=alice)

    assert later is not None
    assert later.name == "Renamed"
    assert later.pk == again.pk
    assert len(site.server.requests) == 2
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 86_400),
        ("max-age=1", 300),
        ("max-age=999999999", 86_400),
        ("private, Max-Age=1200", 1_200),
        ('max-age="900"', 900),
        ("s-maxage=900", 86_400),
        ("no-store, max-age=900", 300),
        ("max-age=x", 86_400),
    ],
)
def test_how_long_it_is_kept_is_bounded(header: str, seconds: int, site: Site) -> None:
    site.more += f"Cache-Control: {header}\r\n" if header else ""

    with time_machine.travel(timezone.now(), tick=False):
        program = resolved(site)
        assert program.cimd_expires_at == timezone.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "https://other.example.com/app.json"}, "another client_id"),
        ({"client_id": None}, "another client_id"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "none"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "none"),
        ({"client_secret": "x"}, "no secret"),
        ({"client_secret_expires_at": 0}, "no secret"),
        ({"grant_types": ["client_credentials"]}, "authorization_code"),
        ({"grant_types": "authorization_code"}, "authorization_code"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["http://app.example.com/"]}, "use https"),
        ({"redirect_uris": [CALLBACK] * 11}, "1 to 10"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_it_must_not_say_is_refused_in_words(
    change: dict[str, Any], words: str, site: Site
) -> None:
    site.said |= change

    with pytest.raises(GatehouseError, match=words) as refused:
        resolved(site)

    assert isinstance(refused.value, BadClientDocument | BadRedirect)
    assert Program.objects.count() == 0


@pytest.mark.parametrize(
    ("status", "body", "media_type", "words"),
    [
        (404, b"{}", "application/json", "answered 404"),
        (302, b"", "text/html", "answered 302"),
        (200, b"{}", "text/html", "application/json"),
        (200, b"[]", "application/json", "not a JSON object"),
        (200, b"\xff", "application/json", "not a JSON object"),
        (200, b'{"a":1,"a":2}', "application/json", "not a JSON object"),
        (200, b" " * 20_000, "application/json", "longer than"),
    ],
    ids=str,
)
def test_what_is_no_document_is_refused_in_words(
    status: int, body: bytes, media_type: str, words: str, site: Site
) -> None:
    site.status, site.body, site.type = status, body, media_type

    with pytest.raises(BadClientDocument, match=words):
        resolved(site)


def test_one_that_never_answers_is_given_up(
    certified: Certified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_documents, "SECONDS", 0.5)
    with (
        evil(silent, tls=certified.server_context(tmp_path)) as server,
        pytest.raises(BadClientDocument, match="did not answer within"),
    ):
        resolve(f"{server.url}/app.json", actor=present(make_person("alice")))


def test_when_it_cannot_be_read_again_nobody_new_is_let_in(site: Site) -> None:
    alice = present(make_person("alice"))
    resolve(site.client_id, actor=alice)
    site.status = 410

    with (
        time_machine.travel(timezone.now() + timedelta(days=2), tick=False),
        pytest.raises(BadClientDocument, match="answered 410"),
    ):
        resolve(site.client_id, actor=alice)


def test_a_removed_program_stays_removed(site: Site) -> None:
    alice = present(make_person("alice"))
    resolve(site.client_id, actor=alice)
    Program.objects.update(removed_at=timezone.now())

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        assert resolve(site.client_id, actor=alice) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestOnEachDatabase:
    def test_two_who_see_it_first_at_once_make_one(self, site: Site) -> None:
        alice = present(make_person("alice"))
        barrier = threading.Barrier(4)
        found: list[Program | None] = []

        def see() -> None:
            barrier.wait(60)
            found.append(resolve(site.client_id, actor=alice))
            connection.close()

        threads = [threading.Thread(target=see) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert len({program.pk for program in found if program}) == 1
        assert len(found) == 4
        assert AuditEvent.objects.count() == 1
