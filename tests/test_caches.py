"""Where counts are kept: as CACHE_URL says, else on the broker's server."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.caches import beside, configuration
from tests.test_settings import KEYS, load, values


@pytest.mark.parametrize(
    ("broker", "cache"),
    [
        ("redis://redis:6379/0", "redis://redis:6379/1"),
        ("redis://redis", "redis://redis/1"),
        ("redis://:p,w%2F;x@h:1/15", "redis://:p,w%2F;x@h:1/0"),
        ("rediss://u:p@h:1/4", "rediss://u:p@h:1/5"),
        (
            "rediss://h/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/ca.pem",
            "rediss://h/1?ssl_cert_reqs=required&ssl_ca_certs=%2Fca.pem",
        ),
        ("redis+socket:///a%20b/c.sock", "rediscache:///a%20b/c.sock?db=1"),
        ("redis+socket://:p@/c.sock?virtual_host=3", "rediscache://:p@/c.sock?db=4"),
    ],
)
def test_the_broker_s_server_has_room_for_counts_too(broker: str, cache: str) -> None:
    assert beside(broker) == cache
    default = configuration("", broker_url=broker)["default"]
    assert default["BACKEND"].endswith("RedisCache")
    assert default["OPTIONS"]["socket_connect_timeout"] <= 1


@pytest.mark.parametrize(
    "broker",
    [
        "amqp://guest:guest@rabbit:5672//",
        "sentinel://a:26379;sentinel://b:26379",
        "redis://a/0;redis://b/0",
        "memory://",
    ],
)
def test_beside_other_brokers_each_process_counts_for_itself(broker: str) -> None:
    caches = configuration("", broker_url=broker)

    assert {cache["BACKEND"].rpartition(".")[2] for cache in caches.values()} == {
        "LocMemCache"
    }
    assert caches["default"]["LOCATION"] != caches["local"]["LOCATION"]


@pytest.mark.parametrize(
    ("cache", "location"),
    [
        ("rediscache://h:6379/1", "redis://h:6379/1"),
        ("redis://h:6379/1", "redis://h:6379/1"),
        ("rediss://:p;w@h:6379/1", "rediss://:p;w@h:6379/1"),
        ("rediscache:///a%20b/c.sock?db=1", "unix:///a%20b/c.sock?db=1"),
    ],
)
def test_what_is_set_wins_over_the_broker(cache: str, location: str) -> None:
    found = configuration(cache, broker_url="redis://other/0")

    assert found["default"]["LOCATION"] == [location]


@pytest.mark.parametrize(
    ("cache", "words"),
    [
        ("h:6379", "CACHE_URL must be rediscache://HOST:PORT"),
        ("filecache:///tmp/counts", "or locmemcache:// to let each process"),
        ("rediscache://:pa/ss@h", "CACHE_URL cannot be read"),
        ("rediscache://:pa#ss@h", "percent-encode what is special in a password"),
        ("rediscache://h:99999/1", "CACHE_URL cannot be read"),
        ("rediscache://[::1/1", "CACHE_URL cannot be read"),
        ("rediscache://h?socket_timeout=soon", "CACHE_URL cannot be read"),
        ("rediscache://h?colour=blue", "leave out options"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_before_anybody_counts(
    cache: str, words: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        configuration(cache, broker_url="")
    assert words in str(error.value)


def test_the_variable_that_was_set_is_the_one_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="^CELERY_BROKER_URL cannot be"):
        configuration("", broker_url="redis://h:port/0")


def test_a_password_is_in_no_complaint() -> None:
    done = load(**KEYS, CACHE_URL="rediscache://:pass/word@h")
    assert done.returncode != 0
    assert "CACHE_URL cannot be read" in done.stderr
    assert "pass" not in done.stderr.replace("a password", "")


def test_the_embedded_broker_counts_when_nothing_is_set(tmp_path: Path) -> None:
    found = values("CACHES", GATEHOUSE_VAR=str(tmp_path / "a desk"))["CACHES"]
    [location] = found["default"]["LOCATION"]
    assert location.startswith("unix:///")
    assert location.endswith("/broker.sock?db=1")
