"""What a request would meet: route, plugins in order, upstream; without running any."""

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.nodes import Node
from gateway.phases import PHASES, first_phase
from gateway.router.match import Mode, Request
from gateway.sandbox.plugins import new_plugins
from gateway.sandbox.plugins.base import Plugin
from gateway.sandbox.schemas import PLUGINS
from gateway.schemas import Schemas
from gateway.simulate.trace import Outcome, Simulator
from tests.held import HeldDocuments

SCHEMAS = Schemas(
    "3.18.0", {}, {name: plugin.described() for name, plugin in PLUGINS.items()}
)
UP = {"nodes": {"10.0.0.1:80": 1}}


def run(
    routes: dict[str, dict[str, Any]],
    *,
    mode: Mode = Mode.HOST_URI,
    schemas: Schemas = SCHEMAS,
    request: Mapping[str, Any] | None = None,
    **held: dict[str, dict[str, Any]],
) -> Outcome:
    """Send `GET /a` to these routes; `held` is {kind: {id: document}}."""
    told = {"method": "GET", "target": "/a"} | dict(request or {})
    documents = HeldDocuments({"route": routes, **held})
    return Simulator(documents, schemas, mode=mode).run(Request.build(**told))


def route(**fields: Any) -> dict[str, Any]:
    return {"uri": "/*", "upstream": UP} | fields


def names(outcome: Outcome) -> list[str]:
    return [use.name for use in outcome.plugins if use.runs]


class TestRoute:
    def test_it_names_what_answers_and_what_would_next(self) -> None:
        outcome = run({"wide": route(), "narrow": route(uri="/a"), "other": route()})

        assert outcome.match is not None
        assert outcome.match.route_id == "narrow"
        assert outcome.match.matched_uri == "/a"
        assert [match.route_id for match in outcome.next_in_line] == ["other", "wide"]

    def test_alike_routes_are_asked_in_the_order_of_their_keys(self) -> None:
        outcome = run({"b": route(), "a": route()})

        assert outcome.match is not None
        assert outcome.match.route_id == "a"

    def test_the_router_s_mode_counts(self) -> None:
        routes = {"p": route(uri="/:name")}
        by_parameter = run(routes, mode=Mode.URI_WITH_PARAMETER)

        assert run(routes).match is None
        assert by_parameter.match is not None
        assert by_parameter.match.params == {"name": "a"}

    def test_nobody_answers_but_global_rules_run(self) -> None:
        outcome = run({}, global_rule={"g": {"plugins": {"cors": {}}}})

        assert outcome.match is None
        assert outcome.proxied is None
        assert names(outcome) == ["cors"]
        assert outcome.notes == (
            "No route takes this request: the gateway answers 404.",
        )

    def test_code_of_a_route_is_taken_to_accept(self) -> None:
        outcome = run({"r": route(filter_func="function() return false end")})

        assert outcome.match is not None
        assert "filter_func" in outcome.notes[0]

    @pytest.mark.parametrize(
        ("condition", "note"),
        [
            (["http_apikey", "==", "redacted:0a1b2c3d"], True),
            (["post_arg_kind", "==", "x"], True),
            (["http_x", "==", "y"], False),
        ],
    )
    def test_a_condition_that_cannot_be_judged_is_named(
        self, condition: list[str], note: bool
    ) -> None:
        outcome = run({"first": route(uri="/a", vars=[condition]), "last": route()})

        assert outcome.match is not None
        assert outcome.match.route_id == "last"
        assert ["Route first" in words for words in outcome.notes] == [True] * note

    def test_such_a_condition_is_not_named_where_it_changes_nothing(self) -> None:
        secret = [["http_apikey", "==", "redacted:0a1b2c3d"]]

        assert run({"first": route(uri="/a"), "last": route(vars=secret)}).notes == ()


class TestPlugins:
    def test_they_run_by_phase_then_scope_then_priority(self) -> None:
        outcome = run(
            {
                "r": route(
                    plugins={
                        "limit-count": {},
                        "ip-restriction": {},
                        "proxy-rewrite": {},
                        "prometheus": {},
                        "response-rewrite": {},
                        "key-auth": {},
                    }
                )
            },
            global_rule={
                "g1": {"plugins": {"limit-req": {}, "gzip": {}}},
                "g2": {"plugins": {"cors": {}}},
            },
        )

        assert names(outcome) == [
            "cors",
            "limit-req",
            "key-auth",
            "proxy-rewrite",
            "ip-restriction",
            "limit-count",
            "gzip",
            "response-rewrite",
            "prometheus",
        ]
        after = [use.name for use in outcome.plugins if use.is_after_upstream]
        assert after == ["gzip", "response-rewrite", "prometheus"]

    def test_priority_can_be_set_where_it_is_used(self) -> None:
        outcome = run(
            {
                "r": route(
                    plugins={
                        "limit-count": {"_meta": {"priority": 9000}},
                        "ip-restriction": {},
                    }
                )
            }
        )

        assert names(outcome) == ["limit-count", "ip-restriction"]

    def test_settings_come_with_defaults_and_their_origin(self) -> None:
        outcome = run(
            {"r": route(service_id="s", plugin_config_id="p", plugins={"cors": {}})},
            service={"s": {"plugins": {"cors": {"max_age": 1}, "key-auth": {}}}},
            plugin_config={
                "p": {"plugins": {"proxy-mirror": {"host": "http://10.0.0.9"}}}
            },
            global_rule={"g": {"plugins": {"request-id": {}}}},
        )
        by_name = {use.name: use for use in outcome.plugins}

        assert {name: use.origin for name, use in by_name.items()} == {
            "request-id": "global_rule g",
            "cors": "route",
            "key-auth": "service s",
            "proxy-mirror": "plugin_config p",
        }
        assert by_name["cors"].settings["max_age"] == 5
        assert by_name["key-auth"].settings["header"] == "apikey"

    @pytest.mark.parametrize(
        ("plugins", "more", "why_not"),
        [
            ({"cors": {"_meta": {"disable": True}}}, {}, "it is switched off"),
            ({"nope": {}}, {}, "the gateway does not offer it"),
            (
                {"cors": {"_meta": {"filter": [["http_x", "==", "1"]]}}},
                {},
                "its filter leaves this request out",
            ),
            ({"cors": {}}, {"script": "return"}, "a script runs instead"),
        ],
    )
    def test_what_does_not_run_says_why(
        self, plugins: dict[str, Any], more: dict[str, Any], why_not: str
    ) -> None:
        outcome = run({"r": route(plugins=plugins, **more)})

        assert [use.why_not for use in outcome.plugins] == [why_not]

    def test_a_filter_that_accepts_lets_run(self) -> None:
        plugins = {"cors": {"_meta": {"filter": [["http_x", "==", "1"]]}}}

        outcome = run({"r": route(plugins=plugins)}, request={"headers": [("X", "1")]})

        assert names(outcome) == ["cors"]

    @pytest.mark.parametrize("is_off", [False, True])
    def test_metrics_of_a_global_rule_give_way_to_the_route_s(
        self, is_off: bool
    ) -> None:
        own = {"prometheus": {"_meta": {"disable": is_off}}}

        outcome = run(
            {"r": route(plugins=own)},
            global_rule={"g": {"plugins": {"prometheus": {}, "cors": {}}}},
        )

        running = [use.origin for use in outcome.plugins if use.runs]
        assert running == ["global_rule g", "global_rule g" if is_off else "route"]

    def test_who_calls_brings_plugins_that_are_not_known_here(self) -> None:
        outcome = run({"r": route(plugins={"key-auth": {}, "cors": {}})})

        assert len(outcome.notes) == 1
        assert "key-auth" in outcome.notes[0]

    def test_without_a_catalogue_nothing_is_said_not_to_be_offered(self) -> None:
        outcome = run({"r": route(plugins={"own": {}})}, schemas=Schemas("", {}, {}))

        assert names(outcome) == ["own"]
        assert outcome.plugins[0].phase == ""

    def test_phases_are_those_that_the_sandbox_runs(self) -> None:
        hooks = ("rewrite", "access", "header_filter", "body_filter")
        for name, plugin in new_plugins().items():
            acts = [
                hook
                for hook in hooks
                if getattr(type(plugin), hook) is not getattr(Plugin, hook)
            ]
            assert first_phase(name) == acts[0], name

    @pytest.mark.parametrize(
        ("settings", "phase"),
        [
            ({}, "access"),
            ({"phase": "log"}, "log"),
            ({"phase": "odd"}, ""),
            (None, "access"),
        ],
    )
    def test_serverless_functions_say_themselves_when_they_run(
        self, settings: Any, phase: str
    ) -> None:
        assert first_phase("serverless-pre-function", settings) == phase

    def test_every_phase_that_is_told_exists_and_every_name_too(self) -> None:
        for name in PLUGINS:
            assert first_phase(name) in ("", *PHASES)


class TestUpstream:
    def test_it_is_the_route_s_with_its_nodes(self) -> None:
        upstream = {"nodes": {"a:1": 1, "b:2": 3}, "scheme": "https", "type": "chash"}

        proxied = run({"r": route(upstream=upstream)}).proxied

        assert proxied is not None
        (target,) = proxied.targets
        assert target.nodes == (Node("a", 1, 1), Node("b", 2, 3))
        assert (target.scheme, target.balancer) == ("https", "chash")
        assert (target.origin, target.discovery) == ("route", "")

    def test_discovery_is_named(self) -> None:
        upstream = {"service_name": "cart", "discovery_type": "nacos"}

        proxied = run({"r": route(upstream=upstream)}).proxied

        assert proxied is not None
        assert proxied.targets[0].discovery == "cart by nacos"
        assert proxied.notes == ()

    @pytest.mark.parametrize(
        ("upstream", "host"),
        [
            ({}, "shop.example.com:8080"),
            ({"pass_host": "node"}, ""),
            ({"pass_host": "rewrite", "upstream_host": "in.example"}, "in.example"),
        ],
    )
    def test_the_host_that_is_sent(self, upstream: dict[str, Any], host: str) -> None:
        proxied = run(
            {"r": route(upstream=UP | upstream)},
            request={"headers": [("Host", "shop.example.com:8080")]},
        ).proxied

        assert proxied is not None
        assert proxied.targets[0].host == host

    @pytest.mark.parametrize(
        ("settings", "path"),
        [
            ({}, "/a%20b?x=1"),
            ({"uri": "/new/$arg_x"}, "/new/1?x=1"),
            ({"regex_uri": ["^/a(.*)", "/z$1"]}, "/z%20b?x=1"),
            ({"uri": "/$consumer_name"}, ""),
        ],
    )
    def test_the_path_that_is_sent(self, settings: dict[str, Any], path: str) -> None:
        outcome = run(
            {"r": route(plugins={"proxy-rewrite": settings})},
            request={"target": "/a%20b?x=1"},
        )

        assert outcome.proxied is not None
        assert outcome.proxied.path == path
        assert bool(outcome.notes) == (not path)

    def test_method_and_host_are_rewritten(self) -> None:
        settings = {"method": "POST", "host": "other.example"}

        proxied = run({"r": route(plugins={"proxy-rewrite": settings})}).proxied

        assert proxied is not None
        assert (proxied.method, proxied.targets[0].host) == ("POST", "other.example")

    def test_what_is_switched_off_rewrites_nothing(self) -> None:
        settings = {"uri": "/b", "_meta": {"disable": True}}

        proxied = run({"r": route(plugins={"proxy-rewrite": settings})}).proxied

        assert proxied is not None
        assert proxied.path == "/a"

    @pytest.mark.parametrize(
        ("document", "note"),
        [
            ({"plugins": {"cors": {}}}, "answers 503"),
            ({"upstream_id": "u"}, "upstream u is not there: the gateway answers 502"),
            ({"upstream": {"nodes": {}}}, "has no node: the gateway answers 503"),
            ({"service_id": "s"}, "service s is not there: the gateway answers 404"),
            (
                {"plugin_config_id": "p", "service_id": "s"},
                "plugin_config p is not there: the gateway answers 503",
            ),
        ],
    )
    def test_what_is_not_there_is_told(
        self, document: dict[str, Any], note: str
    ) -> None:
        outcome = run({"r": {"uri": "/a", **document}})

        assert len(outcome.notes) == 1
        assert note in outcome.notes[0]


class TestTrafficSplit:
    HALVES = (
        {"weight": 3},
        {"weight": 1, "upstream_id": "u"},
        {"weight": 0, "upstream": {"nodes": {"never:1": 1}}},
    )

    def split(self, *rules: dict[str, Any]) -> dict[str, Any]:
        return route(plugins={"traffic-split": {"rules": list(rules)}})

    def test_each_upstream_is_told_with_its_share(self) -> None:
        outcome = run(
            {"r": self.split({"weighted_upstreams": list(self.HALVES)})},
            upstream={"u": {"nodes": {"b:1": 1}}},
        )

        assert outcome.proxied is not None
        assert [(t.origin, t.weight) for t in outcome.proxied.targets] == [
            ("route", 3),
            ("upstream u, named by traffic-split", 1),
        ]
        assert "by weight" in outcome.notes[0]

    @pytest.mark.parametrize(("version", "node"), [("2", "b"), ("1", "10.0.0.1")])
    def test_the_rule_that_accepts_decides(self, version: str, node: str) -> None:
        rule = {
            "match": [{"vars": [["arg_v", "==", "2"]]}],
            "weighted_upstreams": [{"upstream": {"nodes": {"b:1": 1}}}],
        }

        outcome = run({"r": self.split(rule)}, request={"target": f"/a?v={version}"})

        assert outcome.proxied is not None
        (target,) = outcome.proxied.targets
        assert target.nodes[0].host == node
        assert outcome.notes == ()

    def test_an_upstream_that_is_not_there_is_told(self) -> None:
        outcome = run({"r": self.split({"weighted_upstreams": list(self.HALVES)})})

        assert any(
            "upstream u, named by traffic-split is not" in n for n in outcome.notes
        )
