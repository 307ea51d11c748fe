"""Certificates: in time, for the right names, and with their own key."""

from typing import Any

import pytest

from portal.changes.asked import ItemAsked
from portal.changes.findings import Severity
from tests.certificates import Certified, self_signed
from tests.changes.checks.looking import Document, codes, create, the, update
from tests.changes.conftest import Desk


def ssl(one: Certified, *snis: str, **fields: Any) -> ItemAsked:
    """Ask for this certificate, with its key unless `fields` say otherwise."""
    document = {
        "cert": one.pem,
        "key": one.key_pem,
        "snis": list(snis) or ["a.example.com"],
    }
    return create("ssl", document | fields)


def test_a_good_certificate_is_fine(desk: Desk) -> None:
    assert codes(desk, ssl(self_signed("a.example.com"))) == []


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ({"since": -90, "until": -1}, "certificate_expired"),
        ({"since": 2, "until": 90}, "certificate_expired"),
        ({"since": -60, "until": 29}, "certificate_expires_soon"),
    ],
    ids=["expired", "not yet", "soon"],
)
def test_a_certificate_out_of_time_is_told(
    desk: Desk, days: dict[str, int], code: str
) -> None:
    asked = ssl(self_signed("a.example.com", **days))

    assert codes(desk, asked) == [code]
    assert the(desk, code, asked).path == "cert"


def test_a_month_is_enough(desk: Desk) -> None:
    assert codes(desk, ssl(self_signed("a.example.com", until=31))) == []


def test_a_key_of_another_certificate_stops_the_change(desk: Desk) -> None:
    one, other = self_signed("a.example.com"), self_signed("a.example.com")

    finding = the(desk, "certificate_key_mismatch", ssl(one, key=other.key_pem))

    assert (finding.severity, finding.path) == (Severity.BLOCKER, "key")
    assert other.key_pem[40:80] not in str(finding)


def test_a_second_certificate_is_looked_at_too(desk: Desk) -> None:
    one = self_signed("a.example.com")
    old = self_signed("a.example.com", since=-90, until=-1)

    finding = the(
        desk, "certificate_expired", ssl(one, certs=[old.pem], keys=[old.key_pem])
    )

    assert finding.path == "certs.0"
    assert "keys.0" in finding.mend


@pytest.mark.parametrize(
    ("names", "snis", "missing"),
    [
        (["b.example.com"], ["a.example.com"], "a.example.com"),
        (["a.example.com"], ["a.example.com", "b.example.com"], "b.example.com"),
        (["*.example.com"], ["a.b.example.com"], "a.b.example.com"),
        (["*.example.com"], ["example.com"], "example.com"),
        (["a.example.com"], ["*.example.com"], "*.example.com"),
        ([], ["a.example.com"], "a.example.com"),
    ],
)
def test_a_name_that_the_certificate_is_not_for_is_told(
    desk: Desk, names: list[str], snis: list[str], missing: str
) -> None:
    finding = the(desk, "certificate_name_mismatch", ssl(self_signed(*names), *snis))

    assert f"is not for {missing}" in finding.words
    assert finding.path == "snis"


@pytest.mark.parametrize(
    ("name", "sni"),
    [
        ("*.example.com", "a.example.com"),
        ("*.example.com", "*.example.com"),
        ("A.example.com", "a.EXAMPLE.com"),
    ],
)
def test_names_that_it_is_for_are_fine(desk: Desk, name: str, sni: str) -> None:
    assert codes(desk, ssl(self_signed(name), sni)) == []


def test_a_client_s_certificate_needs_no_name(desk: Desk) -> None:
    one = self_signed("client")
    document = {"type": "client", "cert": one.pem, "key": one.key_pem}

    assert codes(desk, create("ssl", document)) == []


@pytest.mark.parametrize("cert", ["$secret://vault/main/cert", "no certificate"])
def test_what_cannot_be_read_here_is_not_judged_here(desk: Desk, cert: str) -> None:
    document: Document = {"cert": cert, "key": "k" * 64, "snis": ["a.example.com"]}

    found = codes(desk, create("ssl", document))

    assert not [code for code in found if code.startswith("certificate_")]


def test_a_certificate_that_is_written_again_is_told_again(desk: Desk) -> None:
    one = self_signed("a.example.com", since=-60, until=20)
    document = {"cert": one.pem, "key": one.key_pem, "snis": ["a.example.com"]}
    desk.sandbox.put("ssl", "old", document)

    again = update("ssl", {"labels": {"team": "shop"}, "key": one.key_pem})

    assert "certificate_expires_soon" in codes(desk, again)
