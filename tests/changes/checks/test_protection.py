"""Who may call: told when a route opens up, whatever opened it."""

import pytest

from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    delete,
    route,
    the,
    update,
    upstream,
)
from tests.changes.conftest import Desk

NONE: Document = {"plugins": None}
OIDC: Document = {
    "client_id": "a",
    "client_secret": "$secret://vault/1/oidc",
    "discovery": "https://login.example.com/.well-known/openid-configuration",
}


def test_a_new_route_that_asks_who_calls_is_fine(desk: Desk) -> None:
    assert codes(desk, create("route", route())) == []


def test_a_new_route_that_asks_nobody_is_told(desk: Desk) -> None:
    finding = the(desk, "auth_missing", create("route", route(plugins={})))

    assert finding.path == "plugins"
    assert "key-auth" in finding.mend


@pytest.mark.parametrize("kind", ["service", "plugin_config"])
def test_what_a_route_shares_may_ask_for_it(desk: Desk, kind: str) -> None:
    desk.sandbox.put(kind, "shared", {"plugins": KEY_AUTH})

    asked = create("route", route(plugins={}, **{f"{kind}_id": "shared"}))

    assert codes(desk, asked) == []


def test_a_global_rule_may_ask_for_it(desk: Desk) -> None:
    desk.sandbox.put("global_rule", "g", {"plugins": KEY_AUTH})

    assert codes(desk, create("route", route(plugins={}))) == []


def test_a_service_of_the_same_change_counts(desk: Desk) -> None:
    service = create("service", {"plugins": KEY_AUTH}, "shared")

    assert (
        codes(desk, create("route", route(plugins={}, service_id="shared")), service)
        == []
    )


@pytest.mark.parametrize(
    "closed",
    [
        {"status": 0},
        {"remote_addr": "10.0.0.0/8"},
        {"host": "backend.internal"},
        {"host": None, "hosts": ["*.corp", "192.168.7.1"]},
        {"plugins": {"ip-restriction": {"whitelist": ["10.0.0.0/8"]}}},
        {"plugins": {"openid-connect": OIDC}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_route_that_strangers_cannot_reach_may_ask_nobody(
    desk: Desk, closed: Document
) -> None:
    document = route(plugins={}) | closed
    asked = create("route", {k: v for k, v in document.items() if v is not None})

    assert "auth_missing" not in codes(desk, asked)


def test_what_was_open_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route(plugins={}))

    assert codes(desk, update("route", {"desc": "x"})) == []


@pytest.mark.parametrize(
    "opening", [{"status": 1}, {"host": "api.example.com"}], ids=["switched on", "host"]
)
def test_a_route_that_is_opened_is_told(desk: Desk, opening: Document) -> None:
    closed = {"status": 0} if "status" in opening else {"host": "api.internal"}
    desk.sandbox.put("route", "old", route(plugins={}) | closed)

    assert codes(desk, update("route", opening))[0] == "auth_missing"


def test_removed_authentication_is_told_by_name(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route())

    finding = the(desk, "auth_removed", update("route", NONE))

    assert "key-auth" in finding.words


def test_another_way_of_asking_may_take_its_place(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route())

    asked = update("route", {"plugins": {"key-auth": None, "basic-auth": {}}})

    assert codes(desk, asked) == []


def test_leaving_the_service_that_asked_is_told(desk: Desk) -> None:
    desk.sandbox.put("service", "asks", {"plugins": KEY_AUTH})
    desk.sandbox.put("service", "open", {"upstream": upstream("backend:80")})
    desk.sandbox.put("route", "old", route(plugins={}, service_id="asks"))

    assert codes(desk, update("route", {"service_id": "open"})) == ["auth_removed"]


@pytest.mark.parametrize("kind", ["service", "plugin_config"])
def test_a_shared_plugin_that_goes_names_the_routes_that_lose_it(
    desk: Desk, kind: str
) -> None:
    desk.sandbox.put(kind, "old", {"plugins": KEY_AUTH | {"prometheus": {}}})
    for name in ("r1", "r2", "r3", "r4", "r5"):
        shares = route(plugins={}, **{f"{kind}_id": "old"})
        desk.sandbox.put("route", name, shares)
    desk.sandbox.put("route", "own", route(**{f"{kind}_id": "old"}))
    desk.sandbox.put("route", "other", route(plugins={}))

    finding = the(desk, "auth_removed", update(kind, {"plugins": {"key-auth": None}}))

    assert "of r1, r2, r3, r4 and 1 more" in finding.words


def test_a_global_rule_that_goes_names_the_routes_that_lose_it(desk: Desk) -> None:
    desk.sandbox.put("global_rule", "old", {"plugins": KEY_AUTH})
    desk.sandbox.put("route", "open", route(plugins={}))
    desk.sandbox.put("route", "own", route())

    finding = the(desk, "auth_removed", delete("global_rule"))

    assert "of open are no longer asked" in finding.words


def test_a_shared_plugin_that_nobody_needed_goes_quietly(desk: Desk) -> None:
    desk.sandbox.put("service", "old", {"plugins": KEY_AUTH})
    desk.sandbox.put("route", "own", route(service_id="old"))

    asked = update("service", {"plugins": {"key-auth": None, "prometheus": {}}})

    assert codes(desk, asked) == []


def test_many_routes_cost_one_list_of_each_kind(desk: Desk) -> None:
    desk.sandbox.put("service", "old", {"plugins": KEY_AUTH})
    for number in range(12):
        name = f"s{number}"
        desk.sandbox.put("service", name, {"upstream": upstream("backend:80")})
        desk.sandbox.put("upstream", name, upstream("backend:80"))
        shares = route(plugins={}, service_id="old", upstream_id=name)
        desk.sandbox.put(
            "route", name, {k: shares[k] for k in shares if k != "upstream"}
        )
    removed = update("service", {"plugins": None})
    codes(desk, removed)  # so that the schemas are known
    desk.sandbox.forget_requests()

    codes(desk, removed)

    read = [r["path"] for r in desk.sandbox.requests("GET")]
    assert sorted(path for path in read if path.count("/") == 3) == [
        f"/apisix/admin/{kind}"
        for kind in ("global_rules", "plugin_configs", "routes", "services")
    ]
    assert [path for path in read if path.count("/") > 3] == [
        "/apisix/admin/services/old"
    ]


@pytest.mark.parametrize("change", [NONE, {"plugins": {"ip-restriction": None}}])
def test_a_restriction_that_goes_is_told(desk: Desk, change: Document) -> None:
    restricted = {"ip-restriction": {"whitelist": ["10.0.0.0/8"]}}
    desk.sandbox.put("route", "old", route(plugins=KEY_AUTH | restricted))

    assert "restriction_removed" in codes(desk, update("route", change))


def test_a_shared_restriction_that_goes_names_the_routes(desk: Desk) -> None:
    restricted = {"ip-restriction": {"whitelist": ["10.0.0.0/8"]}}
    desk.sandbox.put("plugin_config", "old", {"plugins": restricted})
    desk.sandbox.put("route", "r1", route(plugin_config_id="old"))

    finding = the(
        desk,
        "restriction_removed",
        update("plugin_config", {"plugins": {"ip-restriction": None, "cors": {}}}),
    )

    assert finding.words == "ip-restriction no longer keeps callers of r1 out."


def test_switched_off_protection_is_told_once(desk: Desk) -> None:
    desk.sandbox.put("route", "old", route())
    off = {"plugins": {"key-auth": {"_meta": {"disable": True}}}}

    asked = update("route", off)

    assert codes(desk, asked) == ["protection_disabled"]
    assert (
        the(desk, "protection_disabled", asked).path == "plugins.key-auth._meta.disable"
    )


def test_what_was_off_before_is_not_told_again(desk: Desk) -> None:
    off = {"key-auth": {"_meta": {"disable": True}}}
    desk.sandbox.put("route", "old", route(plugins=off))

    assert codes(desk, update("route", {"desc": "x"})) == []


def test_a_route_of_its_own_that_switches_the_shared_one_off_is_told(
    desk: Desk,
) -> None:
    desk.sandbox.put("service", "asks", {"plugins": KEY_AUTH})
    off = {"key-auth": {"_meta": {"disable": True}}}

    found = codes(desk, create("route", route(plugins=off, service_id="asks")))

    assert "protection_disabled" in found
    assert "auth_missing" not in found


@pytest.mark.parametrize(
    ("plugins", "path"),
    [
        (
            {"key-auth": {"anonymous_consumer": "anybody"}},
            "plugins.key-auth.anonymous_consumer",
        ),
        (
            {"key-auth": {"_meta": {"filter": [["arg_a", "==", "1"]]}}},
            "plugins.key-auth._meta.filter",
        ),
        (
            {"openid-connect": {**OIDC, "unauth_action": "pass"}},
            "plugins.openid-connect.unauth_action",
        ),
        (
            {
                "forward-auth": {
                    "uri": "https://auth.example.com/",
                    "allow_degradation": True,
                }
            },
            "plugins.forward-auth.allow_degradation",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_asking_that_lets_strangers_pass_is_told(
    desk: Desk, plugins: Document, path: str
) -> None:
    assert (
        the(desk, "auth_optional", create("route", route(plugins=plugins))).path == path
    )
