"""What refers to what: must exist before a write, and guards against deletion."""

import pytest

from tests.gateway.sandbox.conftest import ROUTE, UPSTREAM
from tests.waiting import eventually

LIMIT = {"limit-count": {"count": 1, "time_window": 60}}
SPLIT = {"traffic-split": {"rules": [{"weighted_upstreams": [{"upstream_id": "u1"}]}]}}
TRANSCODE = {"grpc-transcode": {"proto_id": "p1", "service": "a.B", "method": "C"}}
PROTO = 'syntax = "proto3"; package a; message M { string s = 1; }'


def refused(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["error_msg"]


@pytest.mark.parametrize(
    ("path", "document", "words"),
    [
        ("/routes/r", {"uri": "/", "upstream_id": "x"}, "upstream info by upstream id"),
        ("/routes/r", {"uri": "/", "service_id": "x"}, "service info by service id"),
        (
            "/routes/r",
            ROUTE | {"plugin_config_id": "x"},
            "plugin config info by plugin config id",
        ),
        ("/services/s", {"upstream_id": "x"}, "upstream info by upstream id"),
        (
            "/consumers",
            {"username": "jo", "group_id": "x"},
            "consumer group info by consumer group id",
        ),
    ],
)
def test_what_is_named_must_exist(ask, path, document, words):
    assert refused(ask("PUT", path, document)) == (
        f"failed to fetch {words} [x], response code: 404"
    )


def test_a_client_certificate_must_be_one(ask, certificate):
    upstream = UPSTREAM | {"tls": {"client_cert_id": "c1"}}
    ssl = {"sni": "a.org", "cert": certificate.pem, "key": certificate.key_pem}
    assert "response code: 404" in refused(ask("PUT", "/upstreams/u1", upstream))

    ask("PUT", "/ssls/c1", ssl)
    assert "wrong ssl type" in refused(ask("PUT", "/upstreams/u1", upstream))
    ask("PUT", "/ssls/c1", ssl | {"type": "client"})
    assert ask("PUT", "/upstreams/u1", upstream).status_code == 201


@pytest.mark.parametrize(
    ("target", "document", "referrer", "referring", "words"),
    [
        (
            "/upstreams/u1",
            UPSTREAM,
            "/routes/r1",
            {"uri": "/", "upstream_id": "u1"},
            "this upstream, route [r1]",
        ),
        (
            "/upstreams/u1",
            UPSTREAM,
            "/services/s1",
            {"upstream_id": "u1"},
            "this upstream, service [s1]",
        ),
        (
            "/upstreams/u1",
            UPSTREAM,
            "/routes/r1",
            ROUTE | {"plugins": SPLIT},
            "this upstream, route [r1]",
        ),
        (
            "/upstreams/u1",
            UPSTREAM,
            "/plugin_configs/p1",
            {"plugins": SPLIT},
            "this upstream, plugin_config [p1]",
        ),
        (
            "/services/s1",
            {"upstream": UPSTREAM},
            "/routes/r1",
            {"uri": "/", "service_id": "s1"},
            "this service directly, route [r1]",
        ),
        (
            "/plugin_configs/p1",
            {"plugins": LIMIT},
            "/routes/r1",
            ROUTE | {"plugin_config_id": "p1"},
            "this plugin config, route [r1]",
        ),
        (
            "/consumer_groups/g1",
            {"plugins": LIMIT},
            "/consumers/jack",
            {"username": "jack", "group_id": "g1"},
            "this consumer group, consumer [jack]",
        ),
        (
            "/protos/p1",
            {"content": PROTO},
            "/routes/r1",
            ROUTE | {"plugins": TRANSCODE},
            "this proto, route [r1]",
        ),
    ],
)
def test_what_is_in_use_stays_unless_forced(
    ask, target, document, referrer, referring, words
):
    assert ask("PUT", target, document).status_code == 201
    assert ask("PUT", referrer, referring).status_code == 201

    expected = f"can not delete {words} is still using it now"
    assert refused(ask("DELETE", target)) == expected
    assert refused(ask("DELETE", f"{target}?force=yes")) == expected
    assert ask("DELETE", f"{target}?force=true").status_code == 200


def test_what_nobody_uses_any_more_can_go(ask):
    ask("PUT", "/upstreams/u1", UPSTREAM)
    ask("PUT", "/routes/r1", {"uri": "/", "upstream_id": "u1"})
    ask("DELETE", "/routes/r1")

    answer = ask("DELETE", "/upstreams/u1")

    assert answer.json() == {"key": "/apisix/upstreams/u1", "deleted": "1"}
    assert ask("DELETE", "/upstreams/u1").json() == {"message": "Key not found"}


def test_a_guard_that_lags_still_sees_the_referrer_that_is_gone(ask, sandbox):
    ask("PUT", "/upstreams/u1", UPSTREAM)
    ask("PUT", "/routes/r1", {"uri": "/", "upstream_id": "u1"})
    sandbox.misbehave(do="lag", milliseconds=400)
    ask("DELETE", "/routes/r1")

    assert "still using it now" in refused(ask("DELETE", "/upstreams/u1"))
    eventually(lambda: ask("DELETE", "/upstreams/u1").ok, "the guard catches up")


def test_a_guard_that_lags_does_not_yet_see_a_new_referrer(ask, sandbox):
    ask("PUT", "/upstreams/u1", UPSTREAM)
    sandbox.misbehave(do="lag", milliseconds=60_000)
    ask("PUT", "/routes/r1", {"uri": "/", "upstream_id": "u1"})

    assert ask("DELETE", "/upstreams/u1").status_code == 200


def test_a_plugin_stands_in_one_global_rule_only(ask, sandbox):
    ask("PUT", "/global_rules/1", {"plugins": LIMIT})
    words = "plugin 'limit-count' already exists in global rule with id '1'"

    assert refused(ask("PUT", "/global_rules/2", {"plugins": LIMIT})) == words
    assert ask("PUT", "/global_rules/1", {"plugins": LIMIT}).status_code == 200
    sandbox.misbehave(do="lag", milliseconds=400)
    ask("DELETE", "/global_rules/1")
    assert refused(ask("PUT", "/global_rules/2", {"plugins": LIMIT})) == words
    eventually(
        lambda: ask("PUT", "/global_rules/2", {"plugins": LIMIT}).ok,
        "the moved plugin is accepted",
    )


def test_nobody_shares_the_key_that_tells_who_calls(ask):
    key = {"plugins": {"key-auth": {"key": "k"}}}
    ask("PUT", "/consumers", {"username": "jack"} | key)
    ask("PUT", "/consumers", {"username": "joe"})

    words = "duplicate key of plugin key-auth found with consumer: jack"
    assert refused(ask("PUT", "/consumers", {"username": "joe"} | key)) == words
    assert refused(ask("PUT", "/consumers/joe/credentials/c1", key)) == words
    assert ask("PUT", "/consumers", {"username": "jack"} | key).status_code == 200


def test_a_group_counts_alike_wherever_it_stands(ask):
    def plugins(count):
        return {
            "plugins": {
                "limit-count": {"count": count, "time_window": 60, "group": "g"}
            }
        }

    ask("PUT", "/routes/r1", ROUTE | plugins(1))

    assert ask("PUT", "/routes/r2", ROUTE | plugins(1)).status_code == 201
    assert "group conf mismatched" in refused(
        ask("PUT", "/routes/r3", ROUTE | plugins(2))
    )


def test_stream_routes_need_stream_mode(ask, sandbox):
    stream = {"server_port": 9100, "upstream": UPSTREAM}
    words = "stream mode is disabled, can not add stream routes"

    assert refused(ask("PUT", "/stream_routes/1", stream)) == words
    assert refused(ask("GET", "/stream_routes")) == words
    sandbox.misbehave(do="stream", on=True)
    assert ask("PUT", "/stream_routes/1", stream).status_code == 201
    below = {"upstream": UPSTREAM, "protocol": {"name": "redis", "superior_id": "1"}}
    assert refused(ask("PUT", "/stream_routes/2", below)) == "unknown protocol [redis]"
    assert "superior_id" in refused(ask("PUT", "/stream_routes/1", below))
