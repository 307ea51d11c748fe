"""Calls to the outside: where they may end, and what they put up with."""

import socket
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust import trusting
from portal.outbound import Fetched, NoAnswer, Reach, Refused, fetch
from tests.certificates import self_signed
from tests.gateway.evil import (
    EvilServer,
    drips,
    evil,
    http,
    never_ends,
    resets_after,
    says,
    silent,
)

OK = http(200, b"fine")
# Short, so that a hanging server's test ends soon; nothing asserts that it suffices.
SOON = 0.5
LONG = 30.0


def call(url: str, *, reach: Reach = Reach.CONFIGURED, **more: Any) -> Fetched:
    return fetch("GET", url, reach=reach, **{"seconds": LONG, **more})


class Names:
    """Stands in for the resolver: each look-up of a name gives its next addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: str, port: int, *more: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self.answers:
            return self._real(host, port, *more)
        answers = self.answers[host]
        return [
            found
            for address in (answers.pop(0) if len(answers) > 1 else answers[0])
            for found in self._real(address, port, *more)
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def named(server: EvilServer, name: str) -> str:
    """The server's address under another name."""
    return f"http://{name}:{urlsplit(server.url).port}"


class TestAnswers:
    def test_an_answer_of_any_status_comes_back(self) -> None:
        with evil(says(http(503, b"later"))) as server:
            assert call(server.url) == Fetched(503, b"later", is_cut=False)

    def test_a_body_is_sent_along(self) -> None:
        with evil(says(OK)) as server:
            fetch(
                "POST",
                server.url,
                reach=Reach.CONFIGURED,
                seconds=LONG,
                content=b'{"a": 1}',
            )
            [request] = server.requests

        assert request.startswith(b"POST / ")
        assert request.endswith(b'\r\n\r\n{"a": 1}')

    def test_a_redirect_is_an_answer_and_is_not_followed(self) -> None:
        with (
            evil(says(OK)) as inside,
            evil(says(http(302, b"", more=f"Location: {inside.url}/\r\n"))) as server,
        ):
            assert call(server.url).status == 302
            assert inside.connections == 0

    def test_the_environment_names_no_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with evil(says(OK)) as proxy, evil(says(OK)) as server:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            call(server.url)
            assert (server.connections, proxy.connections) == (1, 0)

    def test_headers_go_out_as_given(self) -> None:
        with evil(says(OK)) as server:
            call(server.url, headers={"Host": "api.example.com", "X-Try": "1"})
            head = server.requests[0]
        assert b"\r\nHost: api.example.com\r\n" in head
        assert b"\r\nX-Try: 1\r\n" in head

    def test_a_huge_answer_is_cut(self) -> None:
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with evil(never_ends(answer, chunk)) as server:
            got = call(server.url, limit=100_000)
        assert (len(got.content), got.is_cut) == (100_000, True)

    def test_an_answer_of_just_the_limit_is_whole(self) -> None:
        with evil(says(http(200, b"x" * 1000))) as server:
            assert not call(server.url, limit=1000).is_cut


class TestNoAnswer:
    @pytest.mark.parametrize("handler", [silent, drips(OK), drips(b" " * 10_000)])
    def test_the_deadline_holds_for_the_whole_of_it(self, handler: Any) -> None:
        with evil(handler) as server:
            started = time.monotonic()
            with pytest.raises(NoAnswer, match=r"did not answer within 0\.5 s"):
                call(server.url, seconds=SOON)
        assert time.monotonic() - started < LONG

    def test_it_holds_for_the_look_up_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = threading.Event()

        def hangs(*_: Any) -> list[Any]:
            done.wait(LONG)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", hangs)
        with pytest.raises(NoAnswer):
            call("http://slow.example.com", seconds=SOON)
        done.set()

    def test_a_broken_answer_is_none(self) -> None:
        with (
            evil(resets_after(OK[:-2])) as server,
            pytest.raises(NoAnswer, match="broke the connection"),
        ):
            call(server.url)

    def test_nobody_listens(self) -> None:
        with evil(says(OK)) as server:
            url = server.url
        with pytest.raises(NoAnswer, match="connection refused"):
            call(url)

    def test_its_words_hold_nothing_of_path_and_headers(self) -> None:
        with evil(silent) as server, pytest.raises(NoAnswer) as caught:
            call(f"{server.url}/p4th?k=s3cret", headers={"K": "s3cret"}, seconds=SOON)
        assert "s3cret" not in str(caught.value)
        assert "p4th" not in str(caught.value)


SPELLINGS: dict[str, Callable[[IPv4Address], str]] = {
    "dotted": str,
    "decimal": lambda address: str(int(address)),
    "hexadecimal": lambda address: hex(int(address)),
    "octal": lambda address: "0" + oct(int(address))[2:],
    "octal parts": lambda address: ".".join(
        "0" + oct(part)[2:] for part in address.packed
    ),
    "mapped": lambda address: f"[::ffff:{address}]",
    "mapped in hexadecimal": lambda address: f"[{IPv6Address(_mapped(address))}]",
    "NAT64": lambda address: f"[64:ff9b::{address}]",
}


def _mapped(address: IPv4Address) -> int:
    return (0xFFFF << 32) | int(address)


INSIDE_NETWORKS = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("100.64.0.0", 10),
    ("0.0.0.0", 32),  # noqa: S104
]


@st.composite
def inside_addresses(draw: st.DrawFn) -> IPv4Address:
    """An address that no call to the public reaches."""
    network, length = draw(st.sampled_from(INSIDE_NETWORKS))
    return IPv4Address(network) + draw(st.integers(0, 2 ** (32 - length) - 1))


class TestReach:
    @given(address=inside_addresses(), spelling=st.sampled_from(sorted(SPELLINGS)))
    def test_no_spelling_of_an_inside_address_is_called(
        self, address: IPv4Address, spelling: str
    ) -> None:
        host = SPELLINGS[spelling](address)
        # What no resolver here reads is not called either.
        with pytest.raises((Refused, NoAnswer)) as caught:
            call(f"http://{host}:9", reach=Reach.PUBLIC)
        assert "refused" not in str(caught.value), "somebody was called"

    @pytest.mark.parametrize(
        "host",
        ["localhost", "127.1", "2130706433", "0x7f.1", "0", "[::1]", "[::]"]
        + [SPELLINGS[name](IPv4Address("127.0.0.1")) for name in SPELLINGS],
    )
    def test_this_machine_hears_nothing(self, host: str) -> None:
        with evil(says(OK)) as server:
            with pytest.raises((Refused, NoAnswer)):
                call(named(server, host), reach=Reach.PUBLIC)
            assert server.connections == 0

    @pytest.mark.parametrize(
        "host",
        [
            "169.254.169.254",
            "2852039166",
            "[::ffff:169.254.169.254]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "100.100.100.200",
        ],
    )
    def test_metadata_and_link_local_are_called_for_nobody(self, host: str) -> None:
        with pytest.raises(Refused, match="does not call"):
            call(f"http://{host}/latest/meta-data/")

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_",
            "ftp://example.com/",
            "//example.com/",
            "http://user:password@example.com/",
            "http://example.com:0/",
            "http:///",
            "http://exa mple.com/",
            "http://example.com/\r\nX-Evil: 1",
            "",
        ],
    )
    def test_only_plain_web_addresses_are_called(self, url: str) -> None:
        with pytest.raises(Refused):
            call(url)

    def test_a_name_of_this_machine_is_refused(self, names: Names) -> None:
        names.answers["api.example.com"] = [["127.0.0.1"]]
        with evil(says(OK)) as server:
            with pytest.raises(Refused, match="not public, which"):
                call(named(server, "api.example.com"), reach=Reach.PUBLIC)
            assert server.connections == 0

    def test_one_inside_address_among_others_is_too_many(self, names: Names) -> None:
        names.answers["api.example.com"] = [["1.1.1.1", "127.0.0.1"]]
        with evil(says(OK)) as server:
            with pytest.raises(Refused):
                call(named(server, "api.example.com"), reach=Reach.PUBLIC)
            assert server.connections == 0

    def test_a_name_that_changes_its_meaning_reaches_what_was_judged(
        self, names: Names
    ) -> None:
        """DNS rebinding: a second look-up would lead to the metadata."""
        names.answers["api.example.com"] = [["127.0.0.1"], ["169.254.169.254"]]
        with evil(says(OK)) as server:
            assert call(named(server, "api.example.com")).status == 200
        assert names.asked == ["api.example.com"]

    def test_parsers_that_disagree_are_no_way_in(self, names: Names) -> None:
        names.answers["example.com"] = [["169.254.169.254"]]
        with evil(says(OK)) as server:
            port = urlsplit(server.url).port
            for url in (
                f"http://127.0.0.1:{port}\\@example.com/",
                f"http://example.com\\@127.0.0.1:{port}/",
                f"http://127.0.0.1:{port}#@example.com/",
            ):
                with pytest.raises((Refused, NoAnswer)):
                    call(url, reach=Reach.PUBLIC)
            assert server.connections == 0


class TestAt:
    def test_another_host_is_connected_to(self) -> None:
        with evil(says(OK)) as server:
            call("http://api.example.com/x", at=server.url)
            assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\n")
            assert b"\r\nHost: api.example.com\r\n" in server.requests[0]

    def test_it_is_judged_as_any_other(self) -> None:
        with evil(says(OK)) as server:
            with pytest.raises(Refused):
                call("http://1.1.1.1/", at=server.url, reach=Reach.PUBLIC)
            assert server.connections == 0


class TestTLS:
    def test_a_certificate_must_be_trusted(self, tmp_path: Path) -> None:
        own = self_signed("a.test", address="127.0.0.1")
        with evil(says(OK), tls=own.server_context(tmp_path)) as server:
            with pytest.raises(NoAnswer, match="not trusted"):
                call(server.url)
            assert server.requests == []
            assert call(server.url, context=trusting(own.pem)).status == 200
            assert call(server.url, verify=False).status == 200

    def test_the_name_that_is_asked_for_is_the_one_certified(
        self, tmp_path: Path
    ) -> None:
        own = self_signed("a.test")
        with evil(says(OK), tls=own.server_context(tmp_path)) as server:
            asking = {"at": server.url, "context": trusting(own.pem)}
            assert call("https://a.test/", **asking).status == 200
            with pytest.raises(NoAnswer):
                call("https://b.test/", **asking)


class TestListed:
    """What an administrator of the desk listed may be called though it is inside."""

    @pytest.mark.parametrize("listed", ["127.0.0.1", "127.0.0.0/8", "inner.example"])
    def test_it_is_called(self, names: Names, settings: Any, listed: str) -> None:
        names.answers["inner.example"] = [["127.0.0.1"]]
        settings.OUTBOUND_ALLOW = ["nonsense/99", listed]
        with evil(says(OK)) as server:
            found = call(named(server, "inner.example"), reach=Reach.PUBLIC)

        assert found.content == b"fine"

    @pytest.mark.parametrize("listed", ["127.0.0.2", "10.0.0.0/8", "example", "::/0"])
    def test_what_is_not_listed_is_not(
        self, names: Names, settings: Any, listed: str
    ) -> None:
        names.answers["inner.example"] = [["127.0.0.1"]]
        settings.OUTBOUND_ALLOW = [listed]
        with evil(says(OK)) as server, pytest.raises(Refused):
            call(named(server, "inner.example"), reach=Reach.PUBLIC)

        assert server.requests == []

    def test_a_cloud_s_metadata_never_is(self, settings: Any) -> None:
        settings.OUTBOUND_ALLOW = ["169.254.169.254", "0.0.0.0/0"]
        with pytest.raises(Refused):
            call("http://169.254.169.254/", reach=Reach.PUBLIC)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001"])
def test_what_a_name_means_inside_is_told_to_nobody_who_may_not_go_there(
    host: str,
) -> None:
    with pytest.raises(Refused) as caught:
        fetch("GET", f"https://{host}/", reach=Reach.PUBLIC, seconds=5)

    assert "is not public, which Gatehouse does not call" in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert "loopback" not in str(caught.value)
