"""Whatever is sent, the façade answers as an Admin API and never fails."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.facade.conftest import UPSTREAM, Desk, Program

pytestmark = pytest.mark.django_db

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = (
    *("id", "username", "name", "uri", "uris", "plugins", "upstream", "upstream_id"),
    *("labels", "nodes", "vars", "group_id", "create_time", "desc", "protocol", "key"),
)
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
PATHS = st.sampled_from(
    [
        "/routes",
        "/routes/r1",
        "/routes/r1/plugins/cors",
        "/routes/r1/upstream/nodes",
        "/routes/%00",
        "/routes/..",
        "/upstreams/u1",
        "/services/s1",
        "/consumers",
        "/consumers/jack",
        "/consumers/jack/credentials",
        "/consumers/jack/credentials/c1",
        "/consumers//credentials/c1",
        "/consumer_groups/g1",
        "/plugin_configs/p1",
        "/global_rules/1",
        "/plugin_metadata/cors",
        "/secrets/vault/1",
        "/secrets/vault",
        "/ssls/1",
        "/protos/1",
        "/stream_routes/1",
        "/schema/validate/routes",
        "/configs/validate",
        "/changes",
        "/nosuch",
    ]
)
QUERIES = st.sampled_from(
    [
        "",
        "?page=1&page_size=10",
        "?page=x&page_size=%00",
        "?page=1e400&page_size=10",
        "?name=%5B&uri=(((",
        "?label&filter=%3D%26%3D",
        "?mirror=true",
        "?ttl=1",
        "?force=true",
        "?reason=%00%ff",
    ]
)


@pytest.fixture
def held(desk: Desk, settings: Any) -> Desk:
    settings.API_RATE_TOKEN = settings.API_RATE_PERSON = 0
    desk.sandbox.put("upstream", "u1", UPSTREAM)
    desk.sandbox.put("route", "r1", {"uri": "/x", "upstream": UPSTREAM})
    desk.sandbox.put("consumer", "jack", {"username": "jack"})
    return desk


@settings(
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE"]),
    path=PATHS,
    query=QUERIES,
    body=DOCUMENTS | VALUES,
)
def test_nothing_that_is_sent_makes_it_fail(
    held: Desk, alice: Program, method: str, path: str, query: str, body: Any
) -> None:
    raw = json.dumps(body).encode() if method != "GET" else None

    answered = alice.send(method, path + query, raw)

    assert answered.status_code < 500, answered.content
    if answered["Content-Type"] == "application/json" and answered.content:
        json.loads(answered.content)
