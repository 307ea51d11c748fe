"""What is read of certificates, whatever stands in their place."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.certificates import certificates_in, covers, snis_of
from tests.certificates import self_signed


def test_all_of_a_resource_are_read_and_what_is_none_is_passed_over() -> None:
    first, second = self_signed("a.example.com"), self_signed("B.example.com", until=9)
    ssl = {
        "cert": first.pem + first.pem,
        "certs": ["$secret://vault/1/cert", second.pem, 7],
    }

    found = list(certificates_in(ssl))

    assert [(one.path, sorted(one.names)) for one in found] == [
        ("cert", ["a.example.com"]),
        ("certs.1", ["b.example.com"]),
    ]
    left = found[1].until - datetime.now(UTC)
    assert timedelta(days=8) < left <= timedelta(days=9)
    assert found[1].since < datetime.now(UTC)
    assert found[1].issuer


@pytest.mark.parametrize(
    ("ssl", "snis"),
    [
        ({"sni": "A.example.com"}, ["a.example.com"]),
        ({"snis": ["a", "b"], "sni": "c"}, ["a", "b"]),
        ({"snis": ["a"], "type": "client"}, []),
        ({"snis": 7}, []),
    ],
)
def test_for_which_names_it_is_shown(ssl: dict[str, object], snis: list[str]) -> None:
    assert snis_of(ssl) == snis


@pytest.mark.parametrize(
    ("sni", "is_covered"),
    [
        ("shop.example.com", True),
        ("any.wild.example.com", True),
        ("*.wild.example.com", True),
        ("deep.any.wild.example.com", False),
        ("wild.example.com", False),
        ("example.com", False),
    ],
)
def test_a_wildcard_stands_for_one_label(sni: str, is_covered: bool) -> None:
    assert covers({"shop.example.com", "*.wild.example.com"}, sni) is is_covered
