"""One sentence that says what happens to a resource."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kinds import KINDS
from gateway.sentences import counted, kind_words, sentence
from tests.gateway.test_documents import values

ROUTE: dict[str, Any] = {
    "id": "conference-k7m2qx",
    "uri": "/speaker/*",
    "methods": ["GET", "POST"],
    "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
}


@pytest.mark.parametrize(
    ("kind", "resource_id", "document", "expected"),
    [
        (
            "route",
            "conference-k7m2qx",
            ROUTE,
            "route conference-k7m2qx: GET, POST /speaker/* → 127.0.0.1:8000",
        ),
        (
            "route",
            "c-1",
            {
                **ROUTE,
                "name": "Conference API",
                "host": "a.com",
                "status": 0,
                "priority": 5,
                "vars": [["arg_x", "==", "1"], ["http_y", "~~", "^z"]],
                "plugins": {
                    "limit-count": {"count": 2, "time_window": 60},
                    "key-auth": {},
                },
            },
            'route "Conference API" (c-1), switched off: GET, POST a.com/speaker/*, '
            "only if arg_x == 1 and http_y ~~ ^z, with priority 5 → 127.0.0.1:8000 "
            "with key-auth, limit-count (count 2, time_window 60)",
        ),
        (
            "route",
            "c-2",
            {
                "uris": ["/a", "/b"],
                "hosts": ["a.com", "*.b.com"],
                "remote_addrs": ["10.0.0.0/8"],
                "filter_func": "function() end",
                "service_id": "s1",
                "upstream_id": "u1",
                "plugin_config_id": "p1",
            },
            "route c-2: any method /a, /b on a.com, *.b.com, only from 10.0.0.0/8, "
            "only if its own function says so → upstream u1 and service s1 "
            "using plugin config p1",
        ),
        (
            "route",
            "c-3",
            {"uri": "/a", "script": "return 1", "upstream_id": 7},
            "route c-3: any method /a → upstream 7 running a script of its own",
        ),
        (
            "route",
            "c-4",
            {
                "uri": "/a",
                "vars": ["OR", ["a", "==", 1], ["!AND", ["b", "IN", ["x", "y"]]]],
                "service_id": "s",
            },
            "route c-4: any method /a, only if (a == 1 or not (b IN (x, y))) "
            "→ service s",
        ),
        (
            "upstream",
            "u",
            {
                "scheme": "https",
                "nodes": [
                    {"host": "a", "port": 443, "weight": 3},
                    {"host": "b", "weight": 1},
                ],
            },
            "upstream u: → https://a:443 (weight 3), https://b (weight 1)",
        ),
        (
            "upstream",
            "u",
            {"nodes": {f"10.0.0.{n}:80": 1 for n in range(1, 8)}},
            "upstream u: → 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80, 10.0.0.4:80 "
            "and 3 more",
        ),
        ("upstream", "u", {"nodes": {"a:1": 0}}, "upstream u: → a:1 (weight 0)"),
        ("upstream", "u", {"nodes": []}, "upstream u: → no node"),
        (
            "upstream",
            "u",
            {"service_name": "svc", "discovery_type": "nacos"},
            "upstream u: → service svc of nacos",
        ),
        (
            "service",
            "s-1",
            {"name": "svc", "hosts": ["a.com"], "upstream_id": "u"},
            "service svc (s-1): on a.com → upstream u",
        ),
        (
            "consumer",
            "jack",
            {"username": "jack", "group_id": "g", "plugins": {"key-auth": {}}},
            "consumer jack: in consumer group g with key-auth",
        ),
        (
            "credential",
            "jack/credentials/c1",
            {"plugins": {"key-auth": {"key": "redacted:11111111"}}},
            "credential c1 of consumer jack: with key-auth (key redacted:11111111)",
        ),
        (
            "ssl",
            "x",
            {"snis": ["a.com", "*.a.com"], "cert": "-----BEGIN"},
            "SSL certificate x: for a.com, *.a.com",
        ),
        (
            "secret",
            "vault/1",
            {"uri": "http://v:8200", "token": "redacted:11111111"},
            "secret vault/1: at http://v:8200",
        ),
        (
            "stream_route",
            "s",
            {"server_port": 9100, "sni": "a.com", "upstream_id": "u"},
            "stream route s: port 9100, SNI a.com → upstream u",
        ),
        (
            "global_rule",
            "1",
            {"plugins": {"prometheus": {}}},
            "global rule 1: with prometheus",
        ),
        ("plugin_metadata", "http-logger", {}, "plugin metadata http-logger"),
        ("proto", "p", {"content": "syntax"}, "proto p"),
    ],
)
def test_a_resource_is_told_by_what_it_does(
    kind: str, resource_id: str, document: dict[str, Any], expected: str
) -> None:
    created = sentence("create", kind, resource_id, None, document)
    deleted = sentence("delete", kind, resource_id, document, None)
    assert created == f"Creates {expected}."
    assert deleted == f"Deletes {expected}."


def test_an_update_is_told_by_what_changes() -> None:
    after = {**ROUTE, "plugins": {"limit-count": {"count": 2, "time_window": 60}}}
    assert sentence("update", "route", "r", ROUTE, after) == (
        "Changes route r: limit-count added: count 2, time_window 60."
    )
    assert sentence("update", "route", "r", ROUTE, dict(ROUTE)) == (
        "Writes route r again without a visible change."
    )


def test_what_decides_over_requests_is_told_first_and_nothing_is_left_unnamed() -> None:
    before = {**ROUTE, "status": 1, "timeout": {"read": 1}}
    after = {
        **ROUTE,
        "status": 0,
        "timeout": {"read": 2},
        "desc": "d",
        "labels": {"a": "b"},
        "name": "n",
        "uri": "/b",
    }
    assert sentence("update", "route", "r", before, after) == (
        "Changes route n (r): status: 1 → 0; uri: /speaker/* → /b; desc added: d; "
        "label a added: b; and 2 more: name, timeout read."
    )


def test_somebodys_words_cannot_pass_for_ours() -> None:
    document = {
        **ROUTE,
        "name": 'x": nothing. Creates route "y',
        "uri": "/a → 10.0.0.1",
        "upstream": {"nodes": {"a b. Approved": 1}},
        "plugins": {"echo": {"body": "fine. Deletes\u202e all"}},
    }
    assert sentence("create", "route", "r", None, document) == (
        'Creates route "x\\": nothing. Creates route \\"y" (r): GET, POST '
        '"/a → 10.0.0.1" → "a b. Approved" with echo '
        '(body "fine. Deletes⟨U+202E⟩ all").'
    )


@pytest.mark.parametrize("kind", [*KINDS])
def test_a_kind_reads_well_amid_a_sentence(kind: str) -> None:
    words = kind_words(kind)
    assert words == words.lower() or words.startswith("SSL")


FIELDS = (
    "uri uris host hosts methods upstream nodes plugins vars snis labels remote_addrs "
    "status scheme service_name name priority"
)
SHAPES = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS.split(), values))


@given(
    st.sampled_from([*KINDS]),
    SHAPES | st.builds(lambda inner: {"upstream": inner}, SHAPES),
    SHAPES,
)
def test_whatever_somebody_asks_for_can_be_told(
    kind: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    for action, before, after in (
        ("create", None, one),
        ("update", one, other),
        ("delete", other, None),
    ):
        told = sentence(action, kind, "r", before, after)
        assert told.isprintable()
        assert told.endswith(".")
        assert len(told) < 5_000


def test_many_resources_are_counted() -> None:
    changed = [
        ("delete", "route"),
        *[("create", "route")] * 1_200,
        ("create", "upstream"),
        ("update", "ssl"),
        ("create", "upstream"),
    ]

    assert counted(changed) == (
        "Creates 1,200 routes, 2 upstreams; Changes 1 SSL certificate; Deletes 1 route."
    )
