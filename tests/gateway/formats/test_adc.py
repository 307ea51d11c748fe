"""ADC's file: what it can hold reads as it was, the rest is said and stays."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.canonical import canonical
from gateway.formats import adc
from gateway.formats.adc_fields import SINGLE
from gateway.formats.contents import normal
from gateway.formats.errors import FormatError
from gateway.kinds import KINDS
from tests.gateway.formats.documents import Document, Documents, everything, values

IDS = ["1", "2", "x"]
some_id = st.sampled_from(IDS)
words = st.sampled_from(["1", "2", "x", "Speakers", "on"])
labels = st.dictionaries(words, words, max_size=2)
configured = st.dictionaries(
    st.sampled_from(["key-auth", "cors"]),
    st.dictionaries(words, values, max_size=2),
    max_size=2,
)
nodes = st.one_of(
    st.dictionaries(st.sampled_from(["a:80", "b", "[::1]:8080"]), st.integers(0, 9)),
    st.just([{"host": "a", "port": 80, "weight": 1}]),
    st.just([{"host": "a", "weight": 1, "priority": 2}]),
    st.just([{"host": "a"}]),
)


def fields(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    described = {"name": words, "desc": words, "labels": labels}
    return st.fixed_dictionaries({}, optional=described | known)


upstream = fields(
    nodes=nodes,
    scheme=st.sampled_from(["http", "https"]),
    timeout=st.just({"connect": 1, "send": 1, "read": 1}),
    checks=st.just({"active": {"req_headers": ["A: b"], "type": "http"}}),
    retries=st.integers(0, 3),
    warm_up=st.just(5),
)
named_upstream = upstream.map(lambda one: {k: v for k, v in one.items() if k != "name"})
BY_KIND: dict[str, st.SearchStrategy[Document]] = {
    "upstream": upstream,
    "service": fields(
        upstream=named_upstream,
        upstream_id=some_id,
        plugins=configured,
        hosts=st.just(["a.example"]),
        enable_websocket=st.booleans(),
    ),
    "route": fields(
        uri=st.just("/a"),
        uris=st.just(["/a", "/b"]),
        host=st.just("a.example"),
        upstream=named_upstream,
        upstream_id=some_id,
        service_id=some_id,
        plugin_config_id=some_id,
        plugins=configured,
        status=st.integers(0, 1),
        script=st.just("function"),
        priority=st.integers(0, 3),
    ),
    "stream_route": fields(
        server_port=st.integers(1, 9),
        upstream=named_upstream,
        upstream_id=some_id,
        service_id=some_id,
        protocol=st.just({"name": "redis"}),
        labels=st.one_of(labels, st.just({"__ADC_NAME": "Speakers", "a": "b"})),
    ),
    "plugin_config": fields(plugins=configured),
    "consumer_group": fields(plugins=configured),
    "global_rule": st.fixed_dictionaries({"plugins": configured}),
    "ssl": fields(
        sni=st.just("a.example"),
        snis=st.just(["a.example", "b.example"]),
        cert=st.just("cert"),
        key=st.just("key"),
        certs=st.just(["cert 2", "cert 3"]),
        status=st.integers(0, 1),
        type=st.sampled_from(["server", "client"]),
    ),
    "proto": fields(content=words),
}


@st.composite
def gateways(draw: st.DrawFn) -> Documents:
    """What a gateway may hold, its resources naming each other and what is gone."""
    held: Documents = {}
    for kind, documents in BY_KIND.items():
        for resource_id in draw(st.sets(some_id)):
            document = dict(draw(documents))
            for single, several in SINGLE.get(kind, {}).items():
                if single in document:
                    # APISIX takes one of the two only.
                    document.pop(several, None)
            held[kind, resource_id] = document
    for username in draw(st.sets(st.sampled_from(["jack", "jill"]))):
        held["consumer", username] = {"username": username, "group_id": draw(some_id)}
        for name in draw(
            st.sets(st.sampled_from(["key-auth", "jwt-auth", "ldap-auth"]))
        ):
            held["credential", f"{username}/credentials/{name}"] = {
                "plugins": {name: {"key": "k"}}
            }
    return possible(held)


def possible(held: Documents) -> Documents:
    """Leave each plugin in one global rule: no gateway takes it in two."""
    seen: set[str] = set()
    for (kind, _), document in held.items():
        if kind == "global_rule":
            plugins = document["plugins"]
            document["plugins"] = {n: v for n, v in plugins.items() if n not in seen}
            seen |= plugins.keys()
    return held


def alike(kind: str, one: Document, other: Document) -> bool:
    return canonical(one) == canonical(other)


def read(text: str) -> Documents:
    return adc.read(text.encode()).documents


def meant(text: str, live: Documents, *, is_whole: bool = False) -> Documents:
    return adc.onto(read(text), live, alike=alike, is_whole=is_whole)


def refusal(text: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        adc.read(text.encode())
    return caught.value


@given(st.one_of(gateways(), everything.map(possible)), st.booleans())
def test_a_file_written_from_a_gateway_means_no_change_of_it(
    live: Documents, is_whole: bool
) -> None:
    found = meant(adc.write(live).text, live, is_whole=is_whole)

    held = normal(live)
    for (kind, resource_id), document in found.items():
        assert document == held[kind, resource_id]


@given(gateways())
def test_everything_that_the_file_lacks_is_told(live: Documents) -> None:
    written = adc.write(live)

    told = set(meant(written.text, live))
    for kind, resource_id in live.keys() - told:
        if kind == "global_rule":
            assert live[kind, resource_id]["plugins"] == {}
        elif kind != "upstream":
            assert any(
                f"{KINDS[kind].title.lower()} {resource_id}" in loss or "more" in loss
                for loss in written.losses
            )


@given(gateways())
def test_adc_finds_only_what_it_knows(live: Documents) -> None:
    """As its own schema says: strict objects, no routes beside stream routes."""
    told = yaml.safe_load(adc.write(live).text) or {}

    assert told.keys() <= {
        "services",
        "ssls",
        "consumers",
        "global_rules",
        "plugin_metadata",
    }
    for service in told.get("services", []):
        assert service.keys() <= {
            *("id", "name", "description", "labels", "plugins", "hosts"),
            *("upstream", "upstreams", "routes", "stream_routes"),
        }
        assert not {"routes", "stream_routes"} <= service.keys()
        assert "upstreams" not in service or "upstream" in service
        assert all(route["name"] for route in service.get("routes", []))
        for node in service.get("upstream", {}).get("nodes", []):
            assert node.keys() >= {"host", "port", "weight"}


SHAPED: Documents = {
    ("service", "s1"): {
        "name": "Speakers",
        "desc": "…",
        "hosts": ["a.example"],
        "upstream": {"nodes": [{"host": "a", "port": 80, "weight": 1}]},
    },
    ("upstream", "u1"): {
        "name": "canary",
        "nodes": [{"host": "b", "port": 80, "weight": 1}],
        "labels": {"__ADC_UPSTREAM_SERVICE_ID": "s1"},
    },
    ("route", "r1"): {
        "name": "one",
        "uris": ["/a"],
        "service_id": "s1",
        "vars": [["arg_a", "==", "1"]],
    },
    ("consumer", "jack"): {"username": "jack", "plugins": {"limit-count": {}}},
    ("credential", "jack/credentials/c1"): {
        "name": "first",
        "plugins": {"key-auth": {"key": "redacted:01234567"}},
    },
    ("ssl", "t1"): {
        "snis": ["a.example"],
        "cert": "c1",
        "key": "k1",
        "certs": ["c2"],
        "keys": ["k2"],
    },
    ("global_rule", "cors"): {"plugins": {"cors": {}}},
    ("plugin_metadata", "http-logger"): {"log_format": {"a": "$host"}},
}


def test_what_adc_keeps_reads_as_it_was_written() -> None:
    written = adc.write(SHAPED)

    assert written.losses == ()
    assert read(written.text) == SHAPED


def test_a_resource_without_an_id_gets_the_one_that_adc_gives_it() -> None:
    documents = read(
        "services:\n- name: httpbin\n  routes:\n  - name: get\n    uris: [/get]\n"
        "ssls:\n- snis: [a, b]\n  certificates: [{certificate: c}]\n"
    )

    # printf httpbin | sha1sum, httpbin.get and a,b likewise
    assert set(documents) == {
        ("service", "1cce0451c1506aebd20dc38421c5cc856493e694"),
        ("route", "c783636301b32ac566acb0a2f6c61b16ba53413f"),
        ("ssl", "5d8b1241b0484dd20c2cfeca6f692becfbab5d18"),
    }


LIVE: Documents = {
    ("upstream", "u1"): {"name": "shared", "nodes": {"a:80": 1}},
    ("upstream", "u2"): {"nodes": {"b:80": 1}},
    ("service", "s1"): {"upstream_id": "u1", "enable_websocket": True},
    ("service", "s2"): {"upstream_id": "u1"},
    ("service", "s3"): {"upstream_id": "u2"},
    ("route", "r1"): {"uri": "/a", "upstream": {"nodes": {"c:80": 1}}},
    ("route", "r2"): {"uri": "/off", "status": 0, "service_id": "s1"},
    ("global_rule", "1"): {"plugins": {"cors": {}, "prometheus": {}}},
}


def edited(change: Any) -> Documents:
    """Return what changes when `change` edits the file written from LIVE."""
    told = yaml.safe_load(adc.write(LIVE).text)
    change(told)
    found = meant(yaml.safe_dump(told), LIVE)
    return {key: one for key, one in found.items() if one != LIVE.get(key)}


def _service(told: Any, name: str) -> Any:
    return next(one for one in told["services"] if one["name"] == name)


def test_an_upstream_of_one_service_is_changed_where_it_is() -> None:
    def change(told: Any) -> None:
        _service(told, "s3")["upstream"]["nodes"][0]["host"] = "z"

    assert edited(change) == {
        ("upstream", "u2"): {"nodes": [{"host": "z", "port": 80, "weight": 1}]}
    }


def test_an_upstream_of_several_is_changed_for_the_one_named_only() -> None:
    def change(told: Any) -> None:
        _service(told, "s1")["upstream"]["nodes"][0]["host"] = "z"

    assert edited(change) == {
        ("service", "s1"): {
            "enable_websocket": True,
            "upstream": {"nodes": [{"host": "z", "port": 80, "weight": 1}]},
        }
    }


def test_a_route_that_had_no_service_needs_none() -> None:
    def change(told: Any) -> None:
        _service(told, "route r1")["routes"][0]["uris"] = ["/z"]

    assert edited(change) == {
        ("route", "r1"): {"uri": "/z", "upstream": {"nodes": {"c:80": 1}}}
    }


def test_plugins_of_a_plugin_config_become_the_routes_own_once_one_changes() -> None:
    live: Documents = {
        ("plugin_config", "p1"): {"plugins": {"cors": {}, "limit-count": {"count": 1}}},
        ("route", "r1"): {"uri": "/a", "upstream": {}, "plugin_config_id": "p1"},
    }
    text = adc.write(live).text

    assert "plugins" not in meant(text, live)["route", "r1"]
    changed = meant(text.replace("count: 1", "count: 2"), live)["route", "r1"]
    assert changed["plugins"] == {"cors": {}, "limit-count": {"count": 2}}
    assert "plugin_config_id" not in changed


def test_a_global_plugin_is_changed_in_the_rule_that_has_it() -> None:
    def change(told: Any) -> None:
        told["global_rules"] = {"cors": {"max_age": 5}, "real-ip": {}}

    assert edited(change) == {
        ("global_rule", "1"): {"plugins": {"cors": {"max_age": 5}, "prometheus": {}}},
        ("global_rule", "real-ip"): {"plugins": {"real-ip": {}}},
    }


def test_a_whole_file_takes_what_it_does_not_name_from_a_global_rule() -> None:
    found = meant("global_rules: {cors: {}}", LIVE, is_whole=True)

    assert found == {("global_rule", "1"): {"plugins": {"cors": {}}}}


def test_what_adc_would_switch_on_is_left_out_and_said() -> None:
    written = adc.write(LIVE)

    assert "Left out: ADC would switch it on: route r2." in written.losses
    assert "ADC has no field enable_websocket: service s1." in written.losses
    assert (
        "It is written into each service that uses it: upstream u1." in written.losses
    )
    assert "/off" not in written.text


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("routes: []", 1, 'The file has no "routes"'),
        ("consumer_groups: []", 1, "does not bring consumer_groups"),
        ("services:\n- name: a\n  path_prefix: /v1", 3, "Write it into the uris"),
        ("services:\n- id: a", 2, "A service needs a name"),
        ("services:\n- name: a\n  uri: /a", 3, 'A service has no "uri"'),
        ("services:\n- name: a\n- name: a", 3, "began in line 2"),
        ("services:\n- name: a\n  routes: {}", 3, "routes must be a list"),
        ("services:\n- name: a\n  routes:\n  - uris: [/]", 4, "A route needs a name"),
        ("services:\n- name: a\n  upstream: x", 3, "upstream must be an object"),
        ("services:\n- name: a\n  upstream:\n    node: 1", 4, 'no "node"'),
        ("consumers:\n- plugins: {}", 2, "needs a username"),
        (
            "consumers:\n- username: a\n  credentials:\n  - name: b\n    type: ldap",
            4,
            "type of a credential is one of",
        ),
        ("ssls:\n- snis: [a]", 2, "needs snis and certificates"),
        ("ssls:\n- snis: [a]\n  certificates: [{cert: c}]", 3, 'no "cert"'),
        (
            "ssls:\n- snis: [a]\n  certificates:\n"
            "  - {certificate: a}\n  - {certificate: b, key: c}\n  - {certificate: d}",
            2,
            "or of none",
        ),
        ("global_rules:\n  cors: 1", 2, "The plugin cors must be an object"),
        ("global_rules: []", 1, "global_rules must be an object"),
    ],
)
def test_a_bad_file_is_told_in_words_with_its_line(
    text: str, line: int, words: str
) -> None:
    error = refusal(text)

    assert error.line == line
    assert words in str(error)
