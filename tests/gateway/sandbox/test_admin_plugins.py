"""What plugins look at beyond their schemas."""

import pytest

from gateway.sandbox.schemas import PLUGINS

LIMIT = {"count": 1, "time_window": 60}
CLIENT = {"client_id": "a", "client_secret": "b", "discovery": "https://c"}
LOGGER = {"uri": "http://127.0.0.1/log"}


@pytest.mark.parametrize(
    ("name", "configuration", "words"),
    [
        ("limit-count", LIMIT, None),
        ("limit-count", {}, "value should match only one schema, but matches none"),
        (
            "limit-count",
            LIMIT | {"rules": []},
            "count/time_window and rules cannot be specified at the same time",
        ),
        (
            "limit-count",
            {"rules": [LIMIT | {"key": "a"}, LIMIT | {"key": "a"}]},
            "duplicate key 'a' in rules",
        ),
        ("limit-count", LIMIT | {"policy": "redis"}, "then clause did not match"),
        ("uri-blocker", {"block_rules": [".+("]}, "missing closing parenthesis"),
        (
            "uri-blocker",
            {"block_rules": ["*a"]},
            "quantifier does not follow a repeatable item",
        ),
        ("proxy-rewrite", {"headers": {"X-A:B": "c"}}, "invalid field character"),
        ("proxy-rewrite", {"headers": {"X-A": "c\r\n"}}, "invalid value character"),
        ("proxy-rewrite", {"headers": {"set": {"X-A": 1}}}, None),
        (
            "proxy-rewrite",
            {"regex_uri": ["^/a", "/$`1"]},
            "failed to compile the replacement template",
        ),
        ("proxy-rewrite", {"regex_uri": ["^/a", "/b", "^/c"]}, "an even number"),
        (
            "response-rewrite",
            {"body": "***", "body_base64": True},
            "invalid base64 content",
        ),
        (
            "response-rewrite",
            {"filters": [{"regex": "(", "replace": "a"}]},
            'regex "(" validation failed',
        ),
        ("proxy-cache", {}, None),
        ("proxy-cache", {"cache_zone": "nowhere"}, "cache_zone nowhere not found"),
        (
            "proxy-cache",
            {"cache_strategy": "memory"},
            "invalid or empty cache_zone for cache_strategy: memory",
        ),
        (
            "proxy-cache",
            {"cache_strategy": "memory", "cache_zone": "memory_cache"},
            None,
        ),
        ("cors", {"allow_credential": True}, "you can not set '*'"),
        ("serverless-pre-function", {"functions": ["return function() end"]}, None),
        (
            "serverless-pre-function",
            {"functions": ["return function("]},
            "failed to loadstring",
        ),
        (
            "serverless-pre-function",
            {"functions": ["local a = 1"]},
            "the input code type is nil",
        ),
        (
            "workflow",
            {"rules": [{"actions": [["return", {"code": 99}]]}]},
            "failed to validate the 'return' action: property \"code\"",
        ),
        (
            "workflow",
            {"rules": [{"actions": [["limit-count", LIMIT | {"group": "a"}]]}]},
            "group is not supported",
        ),
        (
            "workflow",
            {"rules": [{"actions": [["dance"]]}]},
            "unsupported action: dance",
        ),
        (
            "traffic-split",
            {"rules": [{"match": [{"vars": [["a", "?", 1]]}]}]},
            "failed to validate the 'vars' expression: invalid operator '?'",
        ),
        (
            "http-logger",
            LOGGER | {"include_req_body_expr": [["a", "?", 1]]},
            "failed to validate the 'include_req_body_expr' expression",
        ),
        ("openid-connect", CLIENT, 'property "session.secret" is required'),
        ("openid-connect", CLIENT | {"bearer_only": True}, None),
        (
            "openid-connect",
            CLIENT | {"use_dpop": True},
            'property "use_dpop" is not allowed, use "dpop.enabled" instead',
        ),
        (
            "multi-auth",
            {"auth_plugins": [{"key-auth": {}}, {"cors": {}}]},
            "cors plugin is not supported",
        ),
        ("ai-proxy", {"provider": "openai", "auth": {"cookie": {}}}, "found cookie"),
        (
            "request-validation",
            {"body_schema": {"properties": {"a": {"type": "txt"}}}},
            "invalid JSON type: txt",
        ),
        ("key-auth", {"_meta": {"disable": True}}, None),
        ("key-auth", {"_meta": {"colour": 1}}, "found colour"),
    ],
)
def test_a_plugin_refuses_what_it_could_not_run(name, configuration, words):
    failure = PLUGINS[name].failure(configuration)

    if words is None:
        assert failure is None
    else:
        assert words in (failure or "")


@pytest.mark.parametrize(
    ("name", "consumer", "words"),
    [
        ("key-auth", {"key": "k"}, None),
        ("key-auth", {}, 'property "key" is required'),
        ("jwt-auth", {"key": "k"}, 'property "secret" is required when using HS'),
        (
            "jwt-auth",
            {"key": "k", "algorithm": "RS256"},
            "failed to validate dependent",
        ),
        (
            "jwt-auth",
            {"key": "k", "secret": "***", "base64_secret": True},
            "not in base64 format",
        ),
        ("jwe-decrypt", {"key": "k", "secret": "short"}, "should be 32 chars"),
        ("jwe-decrypt", {"key": "k", "secret": "$env://SECRET"}, None),
        ("jwe-decrypt", {"key": "k", "secret": "x" * 32}, None),
    ],
)
def test_a_consumer_is_checked_by_its_own_rules(name, consumer, words):
    failure = PLUGINS[name].failure(consumer, of_consumer=True)

    if words is None:
        assert failure is None
    else:
        assert words in (failure or "")


def test_checking_changes_nothing():
    configuration = {"count": 1, "time_window": 60, "rules": []}
    PLUGINS["limit-count"].failure(configuration)

    assert configuration == {"count": 1, "time_window": 60, "rules": []}
