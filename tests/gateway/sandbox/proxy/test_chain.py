"""Whose configuration counts, which plugin runs first, and what `_meta` changes."""

from typing import Any

import pytest

from gateway.sandbox.plugins import OFFERED, new_plugins
from tests.contract import contract_document
from tests.gateway.sandbox.proxy.plane import Plane


def marking(text: str) -> dict[str, Any]:
    """Return plugins that let the upstream see whose they are."""
    return {"proxy-rewrite": {"headers": {"set": {"X-From": text}}}}


def limiting(count: int) -> dict[str, Any]:
    return {"limit-count": {"count": count, "time_window": 3600}}


def limit_of(plane: Plane, **options: Any) -> str | None:
    return plane.get(**options).headers.get("x-ratelimit-limit")


def test_offered_plugins_are_those_that_are_run() -> None:
    plugins = new_plugins()
    assert {name: plugin.priority for name, plugin in plugins.items()} == OFFERED
    assert len(OFFERED) == 16


@pytest.mark.contract
def test_priorities_are_those_of_the_gateway() -> None:
    recorded = contract_document("schema")["plugins"]
    assert {name: recorded[name]["priority"] for name in OFFERED} == OFFERED


class TestPrecedence:
    @pytest.fixture(autouse=True)
    def _caller(self, plane: Plane) -> None:
        plane.consumer("jack", plugins={"key-auth": {"key": "k"}})
        self.key = {"headers": {"apikey": "k"}}

    def test_each_place_overrides_the_one_below(self, plane: Plane) -> None:
        """Consumer > consumer group > route > plugin config > service."""
        plane.put(
            "service", "s", {"plugins": limiting(1), "upstream": {"nodes": plane.nodes}}
        )
        plane.route(service_id="s")
        assert limit_of(plane) == "1"

        plane.put("plugin_config", "c", {"plugins": limiting(2)})
        plane.route(service_id="s", plugin_config_id="c")
        assert limit_of(plane) == "2"

        own = {"key-auth": {}, **limiting(3)}
        plane.route(service_id="s", plugin_config_id="c", plugins=own)
        assert limit_of(plane, **self.key) == "3"

        plane.put("consumer_group", "g", {"plugins": limiting(4)})
        auth = {"key-auth": {"key": "k"}}
        plane.consumer("jack", plugins=auth, group_id="g")
        assert limit_of(plane, **self.key) == "4"

        plane.consumer("jack", plugins={**auth, **limiting(5)}, group_id="g")
        assert limit_of(plane, **self.key) == "5"

    def test_places_are_merged_by_plugin_not_as_a_whole(self, plane: Plane) -> None:
        plane.put("plugin_config", "c", {"plugins": marking("config")})
        plane.route(plugin_config_id="c", plugins=limiting(3))
        answer = plane.get()
        assert answer.headers["x-ratelimit-limit"] == "3"
        assert answer.json()["headers"]["x-from"] == "config"

    def test_what_only_the_consumer_brings_rewrites_too(self, plane: Plane) -> None:
        plane.consumer("jack", plugins={"key-auth": {"key": "k"}, **marking("jack")})
        plane.plugin("key-auth")
        assert plane.get(**self.key).json()["headers"]["x-from"] == "jack"

    def test_rewriting_of_the_route_is_not_repeated_for_the_consumer(
        self, plane: Plane
    ) -> None:
        # The route's ran before it was known who calls, and is not undone.
        plane.consumer("jack", plugins={"key-auth": {"key": "k"}, **marking("jack")})
        plane.route(plugins={"key-auth": {}, **marking("route")})
        assert plane.get(**self.key).json()["headers"]["x-from"] == "route"

    def test_missing_consumer_group_is_a_503(self, plane: Plane) -> None:
        plane.consumer("jack", plugins={"key-auth": {"key": "k"}}, group_id="gone")
        plane.plugin("key-auth")
        assert plane.get(**self.key).status_code == 503

    def test_consumers_share_a_limit_of_the_route_but_not_their_own(
        self, plane: Plane
    ) -> None:
        plane.consumer("anne", plugins={"key-auth": {"key": "a"}, **limiting(1)})
        plane.consumer("bob", plugins={"key-auth": {"key": "b"}, **limiting(1)})
        plane.plugin("key-auth")
        statuses = [
            plane.get(headers={"apikey": key}).status_code for key in ("a", "b", "a")
        ]
        assert statuses == [200, 200, 503]


class TestGlobalRules:
    def test_they_run_for_every_route_besides_its_own(self, plane: Plane) -> None:
        plane.put("global_rule", "g", {"plugins": limiting(7)})
        plane.route(plugins=marking("route"))
        answer = plane.get()
        assert answer.headers["x-ratelimit-limit"] == "7"
        assert answer.json()["headers"]["x-from"] == "route"

    def test_they_run_when_nothing_matches(self, plane: Plane) -> None:
        plane.put("global_rule", "g", {"plugins": {"cors": {}}})
        answer = plane.get()
        assert answer.status_code == 404
        assert answer.headers["access-control-allow-origin"] == "*"

    def test_they_come_first(self, plane: Plane) -> None:
        abort = {"fault-injection": {"abort": {"http_status": 418, "body": "tea"}}}
        plane.put("global_rule", "g", {"plugins": abort})
        plane.plugin("key-auth")
        answer = plane.get()
        assert (answer.status_code, answer.text) == (418, "tea")


class TestMeta:
    def test_disabled_plugin_does_not_run(self, plane: Plane) -> None:
        plane.plugin("key-auth", {"_meta": {"disable": True}})
        assert plane.get().status_code == 200

    def test_disabling_on_the_route_reaches_the_services_plugin(
        self, plane: Plane
    ) -> None:
        service = {"plugins": {"key-auth": {}}, "upstream": {"nodes": plane.nodes}}
        plane.put("service", "s", service)
        plane.route(service_id="s", plugins={"key-auth": {"_meta": {"disable": True}}})
        assert plane.get().status_code == 200

    def test_filter_decides_whether_a_plugin_runs(self, plane: Plane) -> None:
        only_v2 = {"_meta": {"filter": [["arg_v", "==", "2"]]}}
        plane.plugin("key-auth", only_v2)
        assert plane.get("/hello?v=1").status_code == 200
        assert plane.get("/hello?v=2").status_code == 401

    def test_error_response_replaces_what_a_plugin_says(self, plane: Plane) -> None:
        plane.plugin("key-auth", {"_meta": {"error_response": {"m": "no"}}})
        answer = plane.get()
        assert (answer.status_code, answer.json()) == (401, {"m": "no"})
        plane.plugin("key-auth", {"_meta": {"error_response": "plainly no"}})
        assert plane.get().text == "plainly no"

    def test_error_response_leaves_good_answers_alone(self, plane: Plane) -> None:
        plane.plugin(
            "mocking",
            {"response_example": "fine", "_meta": {"error_response": "no"}},
        )
        assert plane.get().text == "fine"

    def test_plugins_run_by_priority(self, plane: Plane) -> None:
        refuse = {"ip-restriction": {"blacklist": ["127.0.0.1"]}}
        plane.route(plugins={**limiting(1), **refuse})
        answer = plane.get()
        assert answer.status_code == 403
        assert "x-ratelimit-limit" not in answer.headers

    def test_priority_may_be_changed(self, plane: Plane) -> None:
        first = {**limiting(1)["limit-count"], "_meta": {"priority": 9000}}
        refuse = {"ip-restriction": {"blacklist": ["127.0.0.1"]}}
        plane.route(plugins={"limit-count": first, **refuse})
        answer = plane.get()
        assert answer.status_code == 403
        assert answer.headers["x-ratelimit-limit"] == "1"

    def test_filters_run_on_the_answers_of_other_plugins(self, plane: Plane) -> None:
        plane.route(plugins={"key-auth": {}, "cors": {}})
        answer = plane.get()
        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == "*"


class TestHonesty:
    def test_plugin_that_is_not_run_is_named(self, plane: Plane) -> None:
        plane.route(plugins={"openid-connect": {"client_id": "x"}, "zipkin": {}})
        answer = plane.get()
        assert answer.status_code == 200
        assert answer.headers["x-sandbox-ignored-plugins"] == "openid-connect, zipkin"

    def test_disabled_or_overridden_plugins_are_not_named(self, plane: Plane) -> None:
        plane.plugin("zipkin", {"_meta": {"disable": True}})
        assert "x-sandbox-ignored-plugins" not in plane.get().headers

    def test_lua_that_is_not_run_is_named(self, plane: Plane) -> None:
        pre = {"_meta": {"pre_function": "return function() end"}}
        plane.plugin("cors", pre)
        header = plane.get().headers["x-sandbox-ignored-plugins"]
        assert header == "cors._meta.pre_function"
        plane.route(script="return {}")
        assert plane.get().headers["x-sandbox-ignored-plugins"] == "script"
