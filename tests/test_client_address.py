"""Whom a try is counted for."""

import pytest
from django.test import RequestFactory

from portal.client_address import address_of, network_of

TLS_PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_ipv6_callers_count_by_their_network(address: str, network: str) -> None:
    assert network_of(RequestFactory().get("/", REMOTE_ADDR=address)) == network


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(settings: object) -> None:
    settings.SECURE_PROXY_SSL_HEADER = TLS_PROXY  # type: ignore[attr-defined]
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 192.0.2.7"
    )

    assert address_of(request) == "192.0.2.7"


def test_without_a_proxy_a_forwarded_address_is_only_a_claim(settings: object) -> None:
    settings.SECURE_PROXY_SSL_HEADER = None  # type: ignore[attr-defined]
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7"
    )

    assert address_of(request) == "10.0.0.1"
