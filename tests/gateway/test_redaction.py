"""Secrets: none is shown, each is found again, none goes to a new place unnoticed."""

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.destinations import secrets_to_new_destinations
from gateway.redaction import REDACTED, fingerprint, redact, resolve, scrub
from gateway.schemas import Schemas
from gateway.secret_fields import secret_paths, secrets_in
from tests.contract import contract_document
from tests.gateway.test_documents import pairs, recorded_schemas

KEY = b"the tests' fingerprint key"
NONE: dict[str, tuple[str, ...]] = {}
HUSH = "hush-hush"


def shown(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    return redact(kind, document, key=KEY, encrypt_fields=NONE)


def put_back(
    kind: str, wanted: dict[str, Any], live: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    return resolve(kind, wanted, live, key=KEY, encrypt_fields=NONE)


# --- What is secret


@pytest.mark.contract
@pytest.mark.parametrize("tells", [True, False], ids=["told", "an older gateway"])
def test_every_field_that_the_gateway_encrypts_is_secret(tells: bool) -> None:
    told = contract_document("schema")["plugins"]
    schemas = Schemas(version="3.18.0", kinds={}, plugins=told)
    places = {
        "schema": "route",
        "consumer_schema": "consumer",
        "metadata_schema": "plugin_metadata",
    }
    tried = 0
    for name, plugin in told.items():
        for which, kind in places.items():
            schema = plugin.get(which)
            for field in schema.get("encrypt_fields", []) if schema else []:
                for leaf in (HUSH, [HUSH], {"X-Any": HUSH}):
                    configuration = nested(field, leaf)
                    document = (
                        {**configuration, "id": name}
                        if kind == "plugin_metadata"
                        else {"plugins": {name: configuration}}
                    )
                    fields = schemas.encrypt_fields if tells else NONE
                    text = json.dumps(
                        redact(kind, document, key=KEY, encrypt_fields=fields)
                    )
                    assert HUSH not in text, (name, field)
                    tried += 1
    assert tried > 150


def nested(field: str, leaf: Any) -> dict[str, Any]:
    first, _, rest = field.partition(".")
    return {first: nested(rest, leaf) if rest else leaf}


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("ssl", {"key": HUSH, "cert": "public"}),
        ("ssl", {"keys": [HUSH], "certs": ["public"]}),
        ("secret", {"uri": "http://v", "token": HUSH}),
        ("secret", {"access_key_id": "AKIA", "secret_access_key": HUSH}),
        ("secret", {"auth_config": {"client_email": "a@b", "private_key": HUSH}}),
        ("upstream", {"tls": {"client_cert": "public", "client_key": HUSH}}),
        ("route", {"upstream": {"tls": {"client_key": HUSH}}}),
        ("service", {"upstream": {"tls": {"client_key": HUSH}}}),
        ("credential", {"plugins": {"key-auth": {"key": HUSH}}}),
        ("consumer", {"plugins": {"jwt-auth": {"key": "jack", "secret": HUSH}}}),
        ("consumer", {"plugins": {"basic-auth": {"username": "j", "password": HUSH}}}),
        ("route", {"plugins": {"proxy-rewrite": {"headers": {"Authorization": HUSH}}}}),
        (
            "route",
            {"plugins": {"proxy-rewrite": {"headers": {"set": {"X-API-Key": HUSH}}}}},
        ),
        (
            "route",
            {
                "plugins": {
                    "response-rewrite": {"headers": {"add": {"Set-Cookie": HUSH}}}
                }
            },
        ),
        (
            "route",
            {"plugins": {"of-my-own": {"deep": [{"er": {"clientSecret": HUSH}}]}}},
        ),
        ("route", {"plugins": {"of-my-own": {"Db-Password": {"now": HUSH}}}}),
        (
            "route",
            {"plugins": {"http-logger": {"uri": f"https://me:{HUSH}@logs.test/in"}}},
        ),
        ("route", {"vars": [["http_x_api_key", "==", HUSH]]}),
        ("route", {"vars": ["OR", ["arg_token", "in", [HUSH]], ["uri", "==", "/"]]}),
        (
            "route",
            {
                "plugins": {
                    "traffic-split": {
                        "rules": [
                            {
                                "match": [{"vars": [["cookie_auth", "==", HUSH]]}],
                                "weighted_upstreams": [
                                    {"upstream": {"tls": {"client_key": HUSH}}}
                                ],
                            }
                        ]
                    }
                }
            },
        ),
        ("plugin_metadata", {"id": "azure-functions", "master_apikey": HUSH}),
        ("stream_route", {"plugins": {"x": {"access_token": HUSH}}}),
        ("consumer_group", {"plugins": {"limit-count": {"redis_password": HUSH}}}),
        ("global_rule", {"plugins": {"csrf": {"key": HUSH}}}),
    ],
)
def test_a_well_known_secret_is_not_shown(kind: str, document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    redacted = shown(kind, document)
    assert HUSH not in json.dumps(redacted)
    assert document == before
    assert set(secrets_in(kind, document, encrypt_fields=NONE)) & {
        HUSH,
        f"https://me:{HUSH}@logs.test/in",
    }
    assert put_back(kind, redacted, document) == (document, [])


@pytest.mark.parametrize(
    "document",
    [
        {
            "uri": "/token",
            "name": "secret",
            "desc": "password: x",
            "labels": {"key": "k"},
        },
        {"vars": [["arg_name", "==", "json"], ["http_user_agent", "~~", "curl"]]},
        {
            "plugins": {
                "limit-count": {"count": 5, "key": "remote_addr", "key_type": "var"}
            }
        },
        {"plugins": {"key-auth": {"header": "apikey", "hide_credentials": True}}},
        {"plugins": {"cors": {"allow_headers": "Authorization,X-Token"}}},
        {"plugins": {"forward-auth": {"request_headers": ["Authorization"]}}},
        {"plugins": {"openid-connect": {"token_endpoint_auth_method": "x"}}},
        {"plugins": {"key-auth": {"key": "$secret://vault/1/jack/key"}}},
        {"plugins": {"basic-auth": {"password": "$ENV://PASSWORD"}}},
        {"plugins": {"basic-auth": {"password": ""}}},
        {"plugins": {"http-logger": {"uri": "http://logs.test:8080/a@b:c"}}},
        {"plugins": {"proxy-cache": {"cache_key": ["$host"], "cache_bypass": ["$a"]}}},
    ],
)
def test_what_is_no_secret_is_shown(document: dict[str, Any]) -> None:
    assert shown("route", document) == document


@pytest.mark.contract
def test_no_recorded_document_loses_anything_but_secrets() -> None:
    schemas = recorded_schemas()
    hidden = 0
    for kind, _, read in pairs():
        fields = schemas.encrypt_fields
        redacted = redact(kind, read, key=KEY, encrypt_fields=fields)
        secrets = dict(secret_paths(kind, read, encrypt_fields=fields))
        hidden += len(secrets)
        assert unlike(read, redacted) == {
            path for path, value in secrets.items() if not REDACTED.fullmatch(value)
        }
        # Twice is once, and what was hidden is found again.
        assert redact(kind, redacted, key=KEY, encrypt_fields=fields) == redacted
        back = resolve(kind, redacted, read, key=KEY, encrypt_fields=fields)
        assert back == (read, [])
    assert hidden > 100


def unlike(one: Any, other: Any, at: tuple[str | int, ...] = ()) -> set[Any]:
    if isinstance(one, dict):
        assert isinstance(other, dict)
        assert one.keys() == other.keys()
        return set().union(*(unlike(one[k], other[k], (*at, k)) for k in one))
    if isinstance(one, list):
        assert isinstance(other, list)
        assert len(one) == len(other)
        return set().union(
            *(
                unlike(a, b, (*at, i))
                for i, (a, b) in enumerate(zip(one, other, strict=True))
            )
        )
    return set() if one == other else {at}


@pytest.mark.parametrize("weird", [None, [], "x", 1, {"plugins": []}, {"a": None}])
def test_documents_of_odd_shape_do_no_harm(weird: Any) -> None:
    for kind in ("route", "ssl", "secret", "upstream", "plugin_metadata"):
        for name in ("plugins", "upstream", "tls", "key", "vars", "auth_config"):
            document = {name: weird}
            assert isinstance(shown(kind, document), dict)


# --- Sent back


def test_a_redacted_value_is_put_back_where_the_secret_is() -> None:
    live = {"desc": "old", "plugins": {"key-auth": {"key": HUSH}}}
    wanted = {**shown("consumer", live), "desc": "new"}
    assert put_back("consumer", wanted, live) == ({**live, "desc": "new"}, [])


@pytest.mark.parametrize(
    "wanted",
    [
        # another plugin, another field, somewhere that is shown to everybody
        {"plugins": {"basic-auth": {"password": "{mark}"}}},
        {"plugins": {"key-auth": {"header": "{mark}"}}},
        {"desc": "{mark}"},
        {"plugins": {"http-logger": {"auth_header": "{mark}"}}},
        # part of another text
        {"plugins": {"key-auth": {"key": "Bearer {mark}"}}},
    ],
)
def test_a_redacted_value_elsewhere_stands_for_nothing(wanted: dict[str, Any]) -> None:
    live = {"plugins": {"key-auth": {"key": HUSH}}}
    mark = fingerprint(HUSH, KEY)
    asked = json.loads(json.dumps(wanted).replace("{mark}", mark))
    back, unresolved = put_back("consumer", asked, live)
    assert back == asked
    assert len(unresolved) == 1
    assert HUSH not in json.dumps(back)


def test_a_redacted_value_of_an_older_secret_stands_for_nothing() -> None:
    old = {"plugins": {"key-auth": {"key": HUSH}}}
    live = {"plugins": {"key-auth": {"key": "changed since"}}}
    assert put_back("consumer", shown("consumer", old), live)[1] == [
        "plugins.key-auth.key"
    ]
    assert put_back("consumer", shown("consumer", old), {})[1] == [
        "plugins.key-auth.key"
    ]


def test_elements_of_an_array_are_told_by_fingerprint() -> None:
    brokers = [
        {"host": f"b{n}", "sasl_config": {"password": f"{HUSH} {n}"}} for n in range(3)
    ]
    live = {"plugins": {"kafka-logger": {"brokers": brokers}}}
    wanted = shown("route", live)
    wanted["plugins"]["kafka-logger"]["brokers"].reverse()
    del wanted["plugins"]["kafka-logger"]["brokers"][1]
    expected = {"plugins": {"kafka-logger": {"brokers": [brokers[2], brokers[0]]}}}
    assert put_back("route", wanted, live) == (expected, [])


def test_a_key_named_like_a_wildcard_is_no_array() -> None:
    live = {"plugins": {"x": {"list": [{"secret": HUSH}]}}}
    wanted = {"plugins": {"x": {"list": {"*": {"secret": fingerprint(HUSH, KEY)}}}}}
    assert put_back("route", wanted, live)[1] == ["plugins.x.list.*.secret"]


def test_a_secret_that_looks_redacted_is_kept() -> None:
    document = {"plugins": {"key-auth": {"key": "redacted:01234567"}}}
    assert shown("consumer", document) == document
    assert put_back("consumer", document, {})[1] == ["plugins.key-auth.key"]


def test_a_fingerprint_tells_only_who_has_the_key() -> None:
    assert REDACTED.fullmatch(fingerprint(HUSH, KEY))
    assert fingerprint(HUSH, KEY) == fingerprint(HUSH, KEY)
    assert fingerprint(HUSH, KEY) != fingerprint(HUSH, b"another")
    assert fingerprint("a", KEY) != fingerprint("b", KEY)
    assert REDACTED.fullmatch(fingerprint("\ud800", KEY))


configurations = st.recursive(
    st.text(max_size=12) | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["secret", "token", "key", "headers", "Authorization", "uri", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["key-auth", "x", "csrf"]), configurations))
def test_whatever_is_redacted_can_be_put_back(plugins: dict[str, Any]) -> None:
    document = {"plugins": plugins}
    redacted = shown("route", document)
    assert put_back("route", redacted, document) == (document, [])
    for _, value in secret_paths("route", redacted, encrypt_fields=NONE):
        assert REDACTED.fullmatch(value)


# --- In texts


@pytest.mark.parametrize(
    "text",
    [
        "bad hush/\nhush here",
        'bad "hush/\\nhush" here',
        'bad "hush\\/\\nhush" here',
        "bad hush/\nhu",
        "bad hush/\nhus…",
    ],
)
def test_a_secret_is_taken_out_of_a_text(text: str) -> None:
    for key in (KEY, None):
        clean = scrub(text, {"hush/\nhush"}, key=key)
        assert "hush" not in clean
        assert clean.startswith("bad ")


def test_a_short_secret_blanks_only_words_of_its_own() -> None:
    text = 'property "key" failed: ab is no keyab, "ab"'
    assert scrub(text, {"ab"}) == (
        'property "key" failed: (secret) is no keyab, "(secret)"'
    )


def test_a_secret_within_a_secret_is_taken_out_too() -> None:
    assert scrub("0123456789", {"456789", "0123456789"}) == "(secret)"
    assert scrub("nothing here", {""}) == "nothing here"


# --- To new places


def moved(
    kind: str, base: dict[str, Any], wanted: dict[str, Any]
) -> list[tuple[str, str]]:
    return list(secrets_to_new_destinations(kind, base, wanted, encrypt_fields=NONE))


LOGGER = {"uri": "https://logs.test", "auth_header": HUSH, "timeout": 3}


def plugin(name: str, configuration: Any, **more: Any) -> dict[str, Any]:
    return {"plugins": {name: configuration}, **more}


@pytest.mark.parametrize(
    ("kind", "base", "wanted", "changed"),
    [
        (
            "route",
            plugin("http-logger", LOGGER),
            plugin("http-logger", {**LOGGER, "uri": "https://evil.test"}),
            "plugins.http-logger.uri",
        ),
        (  # left out, it falls back to a default address
            "route",
            plugin(
                "ai-proxy",
                {"auth": {"header": {"A": HUSH}}, "override": {"endpoint": "x"}},
            ),
            plugin("ai-proxy", {"auth": {"header": {"A": HUSH}}}),
            "plugins.ai-proxy.override.endpoint",
        ),
        (  # one more element that has the secret of another
            "route",
            plugin(
                "ai-proxy-multi",
                {"instances": [{"provider": "a", "auth": {"header": {"A": HUSH}}}]},
            ),
            plugin(
                "ai-proxy-multi",
                {
                    "instances": [
                        {"provider": "a", "auth": {"header": {"A": HUSH}}},
                        {
                            "provider": "a",
                            "auth": {"header": {"A": HUSH}},
                            "override": {"endpoint": "https://evil.test"},
                        },
                    ]
                },
            ),
            "plugins.ai-proxy-multi.instances.*.override.endpoint",
        ),
        (
            "route",
            plugin(
                "kafka-logger",
                {
                    "brokers": [
                        {"host": "a", "port": 1, "sasl_config": {"password": HUSH}}
                    ]
                },
            ),
            plugin(
                "kafka-logger",
                {
                    "brokers": [
                        {"host": "b", "port": 1, "sasl_config": {"password": HUSH}}
                    ]
                },
            ),
            "plugins.kafka-logger.brokers.*.host",
        ),
        (
            "upstream",
            {"nodes": {"a:1": 1}, "tls": {"client_key": HUSH}},
            {"nodes": {"b:1": 1}, "tls": {"client_key": HUSH}},
            "nodes",
        ),
        (
            "service",
            {"upstream": {"nodes": {"a:1": 1}, "tls": {"client_key": HUSH}}},
            {"upstream": {"nodes": {"b:1": 1}, "tls": {"client_key": HUSH}}},
            "upstream.nodes",
        ),
        (
            "route",
            plugin(
                "proxy-rewrite",
                {"headers": {"set": {"Authorization": HUSH}}},
                upstream_id="a",
            ),
            plugin(
                "proxy-rewrite",
                {"headers": {"set": {"Authorization": HUSH}}},
                upstream_id="b",
            ),
            "upstream_id",
        ),
        (
            "secret",
            {"uri": "https://vault.test", "prefix": "kv", "token": HUSH},
            {"uri": "https://evil.test", "prefix": "kv", "token": HUSH},
            "uri",
        ),
        (
            "plugin_metadata",
            {
                "id": "error-log-logger",
                "clickhouse": {"endpoint_addr": "a", "password": HUSH},
            },
            {
                "id": "error-log-logger",
                "clickhouse": {"endpoint_addr": "b", "password": HUSH},
            },
            "clickhouse.endpoint_addr",
        ),
    ],
)
def test_a_kept_secret_with_a_new_address_is_noticed(
    kind: str, base: dict[str, Any], wanted: dict[str, Any], changed: str
) -> None:
    found = moved(kind, base, wanted)
    assert [destination for _, destination in found] == [changed]
    assert moved(kind, base, base) == []
    assert moved(kind, wanted, wanted) == []


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        # the secret is new: whoever gives one may say where it goes
        (
            plugin("http-logger", LOGGER),
            plugin(
                "http-logger", {**LOGGER, "uri": "https://b.test", "auth_header": "n"}
            ),
        ),
        # nothing that is an address
        (
            plugin("http-logger", LOGGER),
            plugin("http-logger", {**LOGGER, "timeout": 9}),
        ),
        # the address of another plugin, of the upstream, of the route
        (
            plugin("http-logger", LOGGER, upstream_id="a", uri="/a", host="a.test"),
            plugin("http-logger", LOGGER, upstream_id="b", uri="/b", host="b.test"),
        ),
        # elements that only changed places
        (
            plugin(
                "kafka-logger",
                {
                    "brokers": [
                        {"host": h, "sasl_config": {"password": HUSH + h}} for h in "ab"
                    ]
                },
            ),
            plugin(
                "kafka-logger",
                {
                    "brokers": [
                        {"host": h, "sasl_config": {"password": HUSH + h}} for h in "ba"
                    ]
                },
            ),
        ),
        # a condition compares, it sends nothing
        (
            {"vars": [["http_x_api_key", "==", HUSH]], "upstream_id": "a"},
            {"vars": [["http_x_api_key", "==", HUSH]], "upstream_id": "b"},
        ),
        # a client key whose upstream only balances otherwise
        (
            {"upstream": {"nodes": {"a:1": 3}, "tls": {"client_key": HUSH}}},
            {
                "upstream": {
                    "nodes": {"a:1": 1.0},
                    "tls": {"client_key": HUSH},
                    "retries": 2,
                }
            },
        ),
    ],
)
def test_no_alarm_where_no_kept_secret_moves(
    base: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert moved("route", base, wanted) == []


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (
            "upstream",
            {"checks": {"active": {"req_headers": ["Authorization: Bearer s3"]}}},
        ),
        (
            "route",
            {"upstream": {"checks": {"active": {"req_headers": ["X-API-Key: s3"]}}}},
        ),
        (
            "route",
            {
                "plugins": {
                    "response-rewrite": {"headers": {"add": ["Set-Cookie: id=s3"]}}
                }
            },
        ),
        (
            "route",
            {
                "plugins": {
                    "azure-functions": {"function_uri": "https://f.net/x?code=s3"}
                }
            },
        ),
        ("route", {"plugins": {"http-logger": {"uri": "http://l/in?a=1&apikey=s3"}}}),
        (
            "route",
            {
                "plugins": {
                    "proxy-rewrite": {"headers": {"set": {"X-Functions-Key": "s3"}}}
                }
            },
        ),
        ("upstream", {"discovery_args": {"token": "s3"}}),
        ("upstream", {"discovery_args": {"auth_key": "s3"}}),
        ("route", {"plugins": {"http-logger": {"uri": "http://l/?accessToken=s3"}}}),
        ("route", {"plugins": {"http-logger": {"uri": "http://l/?access_key=s3"}}}),
        ("route", {"plugins": {"http-logger": {"uri": "http://l/?passwd=s3"}}}),
        (
            "route",
            {"plugins": {"forward-auth": {"uri": "https://a/?X-Amz-Signature=s3"}}},
        ),
    ],
)
def test_a_secret_in_an_odd_place_is_not_shown(
    kind: str, document: dict[str, Any]
) -> None:
    assert "s3" not in str(shown(kind, document))


def test_looking_for_secrets_takes_no_longer_than_reading() -> None:
    texts = ["a://" + ":" * 50_000, "?" + "a-token" * 50_000, "api-" * 50_000]
    document = {"plugins": {"http-logger": {"uri": texts, "headers": texts}}}
    before = time.thread_time()

    shown("route", document)

    assert time.thread_time() - before < 1
