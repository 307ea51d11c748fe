"""What really answers for a route: its own over its plugin config over its service."""

from typing import Any

import pytest

from gateway.effective import Effective, effective

Documents = dict[tuple[str, str], dict[str, Any]]


def of(route: dict[str, Any], **held: dict[str, Any]) -> Effective:
    """Resolve against documents given as kind__id=document."""
    documents = {tuple(name.split("__")): document for name, document in held.items()}
    return effective(route, lambda kind, id_: documents.get((kind, id_)))


def test_a_route_alone_is_what_it_says() -> None:
    found = of(
        {
            "host": "a.example",
            "upstream": {"nodes": {"x:1": 1}},
            "plugins": {"cors": {}},
        }
    )

    assert found.plugins == {"cors": ({}, "route")}
    assert found.upstream == {"nodes": {"x:1": 1}}
    assert (found.upstream_from, found.hosts) == ("route", ("a.example",))
    assert found.missing == ()


def test_a_plugin_of_the_route_wins_whole_over_config_and_service() -> None:
    found = of(
        {
            "service_id": "s",
            "plugin_config_id": "p",
            "plugins": {"limit-count": {"count": 1}},
        },
        service__s={
            "plugins": {
                "limit-count": {"count": 3, "key": "x"},
                "cors": {"max_age": 3},
                "csrf": {},
            }
        },
        plugin_config__p={
            "plugins": {"limit-count": {"count": 2}, "cors": {"max_age": 2}}
        },
    )

    assert found.plugins == {
        "limit-count": ({"count": 1}, "route"),
        "cors": ({"max_age": 2}, "plugin_config p"),
        "csrf": ({}, "service s"),
    }


@pytest.mark.parametrize(
    ("route", "upstream", "origin"),
    [
        ({"upstream": {"own": 1}}, {"own": 1}, "route"),
        ({"upstream_id": "u"}, {"shared": 1}, "upstream u"),
        ({"upstream_id": "u", "upstream": {"own": 1}}, {"shared": 1}, "upstream u"),
        (
            {"upstream": {"own": 1}, "service_id": "inline"},
            {"own": 1},
            "route",
        ),
        ({"service_id": "inline"}, {"service": 1}, "service inline"),
        (
            {"service_id": "naming"},
            {"shared": 1},
            "upstream u, named by service naming",
        ),
        ({"service_id": 7}, {"number": 1}, "service 7"),
        ({"script": "x"}, None, ""),
    ],
)
def test_the_route_s_upstream_wins_over_the_service_s(
    route: dict[str, Any], upstream: Any, origin: str
) -> None:
    found = of(
        route,
        upstream__u={"shared": 1},
        service__inline={"upstream": {"service": 1}},
        service__naming={"upstream_id": "u"},
        service__7={"upstream": {"number": 1}},
    )

    assert found.upstream == upstream
    assert found.upstream_from == origin


def test_hosts_come_from_the_service_only_without_own_ones() -> None:
    service = {"hosts": ["a.example", "b.example"]}

    assert of({"service_id": "s"}, service__s=service).hosts == (
        "a.example",
        "b.example",
    )
    assert of({"service_id": "s", "host": "c.example"}, service__s=service).hosts == (
        "c.example",
    )


def test_what_is_referred_to_and_not_there_is_named() -> None:
    found = of({"service_id": "s", "plugin_config_id": "p", "upstream_id": "u"})

    assert found.missing == ("service s", "plugin_config p", "upstream u")
    assert found.upstream is None


@pytest.mark.parametrize("value", [True, None, [], {}, 1.5])
def test_odd_documents_break_nothing(value: Any) -> None:
    found = of(
        {
            "service_id": value,
            "plugin_config_id": value,
            "upstream": value,
            "plugins": value,
            "hosts": value,
        }
    )

    assert found.plugins == {}
    assert found.hosts == ()
