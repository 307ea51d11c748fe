"""What a recipe finds on a route, keeps, and says of it."""

from typing import Any

import pytest

from gateway.recipes import RECIPES
from gateway.recipes.route import DoesNotFit, Made, RouteNow, patch_between
from gateway.schemas import Schemas

CATALOGUE = Schemas(
    "3.18.0",
    {},
    {
        "key-auth": {"type": "auth"},
        "jwt-auth": {"type": "auth"},
        **dict.fromkeys(
            ("limit-count", "http-logger", "proxy-cache", "proxy-rewrite"), {}
        ),
    },
)
UPSTREAM = {"nodes": {"10.0.0.1:80": 1}}


def made(
    recipe: str,
    told: dict[str, Any] | None = None,
    *,
    held: dict[tuple[str, str], dict[str, Any]] | None = None,
    global_plugins: dict[str, str] | None = None,
    **route: Any,
) -> Made:
    documents = held or {}
    now = RouteNow(
        id="r1",
        document={"uri": "/a", "upstream": UPSTREAM} | route,
        find=lambda kind, resource_id: documents.get((kind, resource_id)),
        catalogue=CATALOGUE,
        global_plugins=global_plugins or {},
    )
    return RECIPES[recipe].on(now, told or {})


def test_a_plugin_that_was_switched_off_is_switched_on() -> None:
    off = {"_meta": {"disable": True, "priority": 5}}
    result = made("require-key", plugins={"key-auth": off})

    (written,) = result.written
    assert written.after["plugins"]["key-auth"]["_meta"] == {"priority": 5}
    assert result.notes == ("key-auth was there and switched off: it is switched on.",)


def test_a_filter_stays_and_is_told() -> None:
    meta = {"_meta": {"filter": [["arg_a", "==", "1"]]}}
    result = made("require-key", plugins={"key-auth": meta})

    assert result.written[0].after["plugins"]["key-auth"]["_meta"] == meta["_meta"]
    assert "key-auth keeps its filter" in result.notes[0]


def test_a_global_rule_that_does_it_too_is_told() -> None:
    result = made("limit-rate", global_plugins={"limit-count": "g1"})
    assert "Global rule g1 has limit-count for every request too." in result.notes


def test_who_else_asks_is_told() -> None:
    result = made("require-key", plugins={"jwt-auth": {}})
    assert result.notes[0].startswith("jwt-auth asks too")
    off = {"jwt-auth": {"_meta": {"disable": True}}}
    assert made("require-key", plugins=off).notes == ()


def test_strangers_who_still_pass_are_told() -> None:
    result = made("require-key", plugins={"key-auth": {"anonymous_consumer": "a"}})
    assert "strangers still pass" in result.notes[0]


def test_a_route_that_is_off_is_told() -> None:
    assert made("limit-rate", status=0).notes[-1].startswith("The route is off")


def test_what_is_replaced_is_told_with_what_it_was() -> None:
    before = {"count": 9, "time_window": 60, "show_limit_quota_header": False}
    result = made("limit-rate", plugins={"limit-count": before})

    assert result.notes == ("Replaces plugins.limit-count.count, which was 9.",)
    own = result.written[0].after["plugins"]["limit-count"]
    assert own["show_limit_quota_header"] is False


def test_a_secret_of_what_is_shared_is_not_copied() -> None:
    logger = {"uri": "http://10.0.0.1", "auth_header": "redacted:01234567"}
    shared = {("plugin_config", "p"): {"plugins": {"http-logger": logger}}}

    with pytest.raises(DoesNotFit, match="http-logger of plugin config p"):
        made(
            "send-logs",
            {"url": "http://10.0.0.2"},
            held=shared,
            plugin_config_id="p",
        )
    given = {"url": "http://10.0.0.2", "auth_header": "$secret://vault/1/logs"}
    result = made("send-logs", given, held=shared, plugin_config_id="p")
    assert result.written[0].after["plugins"]["http-logger"]["auth_header"] == (
        "$secret://vault/1/logs"
    )


def test_consumers_do_not_get_each_other_s_answers_of_an_older_gateway() -> None:
    result = made("cache-answers", plugins={"key-auth": {}})
    key = result.written[0].after["plugins"]["proxy-cache"]["cache_key"]
    assert key == ["$host", "$request_uri", "$consumer_name"]


def test_a_header_is_set_or_removed_and_not_both() -> None:
    with pytest.raises(ValueError, match="Choose one of both"):
        made(
            "change-request",
            {"set_headers": {"X-A": "1"}, "remove_headers": ["x-a"]},
        )
    with pytest.raises(ValueError, match="stands twice"):
        made("change-request", {"set_headers": {"X-A": "1", "x-a": "2"}})


def test_nodes_keep_what_is_known_of_them() -> None:
    nodes = [{"host": "10.0.0.1", "port": 80, "weight": 1, "metadata": {"zone": "a"}}]
    result = made(
        "balance-nodes",
        {"nodes": {"10.0.0.1:80": 3, "10.0.0.2:80": 1}, "health_checks": False},
        upstream={"nodes": nodes},
    )
    assert result.written[0].after["upstream"]["nodes"] == [
        {"host": "10.0.0.1", "port": 80, "weight": 3, "metadata": {"zone": "a"}},
        {"host": "10.0.0.2", "port": 80, "weight": 1},
    ]


def test_a_patch_names_only_what_changes() -> None:
    before = {
        "a": 1,
        "b": {"c": 1, "d": 2},
        "upstream": {"nodes": {"x:1": 1, "y:1": 1}},
    }
    after = {"b": {"c": 1, "d": 3}, "upstream": {"nodes": {"x:1": 1}}, "e": [1]}
    assert patch_between(before, after) == {
        "a": None,
        "b": {"d": 3},
        "upstream": {"nodes": {"x:1": 1}},
        "e": [1],
    }
    assert patch_between(before, before) == {}
