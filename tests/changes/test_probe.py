"""What a probe may be, and that approvals are bound to it."""

from typing import Any

import pytest

from portal.changes.errors import Malformed
from portal.changes.models import Revision
from portal.changes.probe import HEADERS_AT_MOST, Probe
from portal.changes.states import State
from portal.changes.terms import Terms
from tests.changes.conftest import Desk, refused
from tests.changes.delivering import approved, route

PROBE = Probe(path="/a", status=200)


def test_it_is_told_and_read_in_one_form() -> None:
    full = Probe(
        method="GET",
        path="/speaker/1?lang=en",
        host="api.example.com",
        headers={"Accept": "text/plain"},
        status=404,
        contains="no such",
    )
    assert Probe.of(full.as_json()) == full
    assert Probe.of(PROBE.as_json()) == PROBE
    assert PROBE.as_json() == {
        "method": "GET",
        "path": "/a",
        "expect": {"status": 200},
    }


def test_its_words_name_all_that_is_sent_and_expected() -> None:
    probe = Probe(
        path="/a", host="b.test", headers={"X-Try": "1"}, status=200, contains="hi"
    )
    assert str(probe) == (
        "GET /a at host b.test, with X-Try: 1 → 200 and a body that holds “hi”"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "/"},
        {"path": "/a%20b?x=1&y=%C3%A9"},
        {"method": "HEAD"},
        {"host": "api.example.com"},
        {"host": "127.0.0.1"},
        {"headers": {"Accept-Language": "en, de;q=0.5"}},
        {"status": 599},
    ],
)
def test_what_is_fine(fields: dict[str, Any]) -> None:
    Probe(**{"path": "/a", "status": 200, **fields}).check()


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"method": "POST"}, "method"),
        ({"method": "get"}, "method"),
        ({"path": ""}, "path"),
        ({"path": "a"}, "path"),
        ({"path": "http://example.com/"}, "path"),
        ({"path": "/a b"}, "path"),
        ({"path": "/a#b"}, "path"),
        ({"path": "/é"}, "path"),
        ({"path": "/a\r\nX: 1"}, "path"),
        ({"path": "/a\n"}, "path"),
        ({"path": "/" + "a" * 2_000}, "path"),
        ({"path": "/a?access_token=abc"}, "path"),
        ({"host": "a.test:80"}, "host"),
        ({"host": "a.test/x"}, "host"),
        ({"host": "user@a.test"}, "host"),
        ({"host": "*.a.test"}, "host"),
        ({"host": "a" * 254}, "host"),
        ({"headers": {"Authorization": "Bearer x"}}, "headers.Authorization"),
        ({"headers": {"cookie": "x"}}, "headers.cookie"),
        ({"headers": {"X-API-KEY": "x"}}, "headers.X-API-KEY"),
        ({"headers": {"Host": "x"}}, "headers.Host"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers.Transfer-Encoding"),
        ({"headers": {"Proxy-Connection": "x"}}, "headers.Proxy-Connection"),
        ({"headers": {"A b": "x"}}, "headers.A b"),
        ({"headers": {"": "x"}}, "headers."),
        ({"headers": {"A": "x", "a": "y"}}, "headers.a"),
        ({"headers": {"A": ""}}, "headers.A"),
        ({"headers": {"A": "x\r\nB: y"}}, "headers.A"),
        ({"headers": {"A": " x"}}, "headers.A"),
        ({"headers": {"A": "é"}}, "headers.A"),
        ({"headers": {f"A{n}": "x" for n in range(HEADERS_AT_MOST + 1)}}, "headers"),
        ({"status": 100}, "expect.status"),
        ({"status": 600}, "expect.status"),
        ({"contains": "x" * 501}, "expect.body_contains"),
        ({"contains": "x", "method": "HEAD"}, "expect.body_contains"),
    ],
)
def test_what_is_refused_names_its_field(fields: dict[str, Any], at: str) -> None:
    with pytest.raises(Malformed) as caught:
        Probe(**{"path": "/a", "status": 200, **fields}).check()
    assert caught.value.field == f"probe.{at}"


@pytest.mark.django_db
class TestBound:
    def test_it_is_part_of_what_is_approved(self, desk: Desk) -> None:
        plain = desk.ask(route("a")).latest_revision()
        probed = desk.ask(route("a"), terms=Terms(probe=PROBE)).latest_revision()
        other = desk.ask(
            route("a"), terms=Terms(probe=Probe(path="/a", status=404))
        ).latest_revision()

        assert probed.terms == Terms(probe=PROBE)
        assert len({plain.digest, probed.digest, other.digest}) == 3

    @pytest.mark.parametrize("forged", [None, {"path": "/b", "expect": {"status": 1}}])
    def test_another_one_than_was_approved_delivers_nothing(
        self, desk: Desk, forged: Any
    ) -> None:
        change = approved(desk, route("a"), terms=Terms(probe=PROBE))
        Revision.objects.update(probe=forged)

        desk.deliver(change)

        assert change.state == State.FAILED
        assert desk.live("a") is None

    def test_a_gateway_without_a_public_address_cannot_be_probed(
        self, desk: Desk
    ) -> None:
        desk.gateway.public_url = ""
        desk.gateway.save()
        refused(Malformed, lambda: desk.ask(route("a"), terms=Terms(probe=PROBE)))
