"""Where addresses lead, however they are spelled."""

import pytest

from gateway.addresses import endpoint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://apisix.example", "http://APISIX.Example:80/"),
        ("https://apisix.example.", "https://apisix.example:443/apisix"),
        ("http://localhost:9180", "http://127.0.0.1:9180"),
        ("http://[::1]:9180", "http://[0:0:0:0:0:0:0:1]:9180"),
        ("http://[::ffff:10.0.0.5]:9180", "http://10.0.0.5:9180"),
        ("http://b\u00fccher.example:9180", "http://xn--bcher-kva.example:9180"),
    ],
)
def test_is_the_same(one: str, other: str) -> None:
    assert endpoint(one) == endpoint(other)


@pytest.mark.parametrize(
    "other",
    ["http://apisix.example:9181", "http://apisix2.example:9180", "http://a..b:9180"],
)
def test_is_another(other: str) -> None:
    assert endpoint("http://apisix.example:9180") != endpoint(other)
