"""The gateway's record: what an address may be."""

import pytest
from django.core.exceptions import ValidationError

from gateway.models import http_url


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9180",
        "http://apisix:9180",
        "http://[::1]:9180",
        "https://apisix.example.com",
    ],
)
def test_an_address_may_be_a_name_in_a_container_network(address: str) -> None:
    assert http_url(address) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "address",
    [
        "apisix:9180",
        "ftp://apisix:9180",
        "http://",
        "http://:9180",
        "http://apisix:port",
        "http://apisix:0",
        "http://apisix:99999",
        "http://[::1",
        "http://user:secret@apisix:9180",
        "http://apisix:9180/a path",
        "http://apisix\n:9180",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        http_url(address)
