"""Several servers are environments: somebody chooses one."""

from typing import Any

import pytest

from gateway.openapi.errors import OpenAPIError
from gateway.openapi.servers import Server, chosen, servers_of

URLS = ["https://a.example.com/v1/", "http://b.example.com:8080"]


def read(*servers: Any, base_url: str = "", **variables: str) -> list[Server]:
    return servers_of(
        {"servers": list(servers)}, (), variables=variables, base_url=base_url
    )


def test_a_server_is_an_upstream_and_a_base_path() -> None:
    one, other = read(*({"url": url} for url in URLS))

    assert (one.origin, one.base) == ("https://a.example.com:443", "/v1")
    assert one.as_upstream()["nodes"] == {"a.example.com:443": 1}
    assert (other.origin, other.base) == ("http://b.example.com:8080", "")
    six = read({"url": "http://[2001:db8::1]:8080"})[0]
    assert six.as_upstream()["nodes"] == [
        {"host": "[2001:db8::1]", "port": 8080, "weight": 1}
    ]


def test_one_of_several_is_chosen_by_its_url_or_number() -> None:
    servers = read(*({"url": url} for url in URLS))

    assert chosen(servers, URLS[1]) is servers[1]
    assert chosen(servers, "1") is servers[0]
    for wanted in ("", "3"):
        with pytest.raises(
            OpenAPIError, match="1: https://a.example.com/v1/; 2: "
        ) as caught:
            chosen(servers, wanted)
        assert caught.value.field == "server"
    assert chosen(servers[:1], "") is servers[0]


def test_variables_have_the_value_given_or_their_own() -> None:
    server = {
        "url": "https://{place}.example.com/{version}",
        "variables": {"place": {"default": "eu", "enum": ["eu", "us"]}},
    }

    assert read(server, version="v2")[0].url == "https://eu.example.com/v2"
    assert read(server, version="v2", place="us")[0].host == "us.example.com"
    for given, words in (
        ({}, "version has no value"),
        ({"version": "1", "place": "x"}, "eu, us"),
    ):
        with pytest.raises(OpenAPIError, match=words) as caught:
            read(server, **given)
        assert caught.value.field == "variables"


def test_a_relative_server_is_below_the_address_that_is_given() -> None:
    assert read({"url": "/v2"}, base_url="https://a.example.com/docs/api.yaml")[
        0
    ].url == ("https://a.example.com/v2")
    with pytest.raises(OpenAPIError, match="relative") as caught:
        read({"url": "/v2"})
    assert caught.value.field == "base_url"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/",
        "wss://a/",
        "https://",
        "https://u:p@a/",
        "http://a:99999/",
        "http://[/",
    ],
)
def test_what_no_gateway_can_ask_is_refused(url: str) -> None:
    with pytest.raises(OpenAPIError):
        read({"url": url})
