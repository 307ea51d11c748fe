"""What a gateway holds, as programs read it: summarised, filtered, paged, bounded."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway, Resource
from portal.accounts.roles import Role
from tests.api.conftest import Desk, Program, program_of
from tests.factories import (
    Cast,
    make_change,
    make_comment,
    make_gateway,
    make_person,
    make_resource,
    route_document,
)

ANSWER_LIMIT = 100_000


def ids(answer: dict[str, Any]) -> list[str]:
    return [row["id"] for row in answer["results"]]


def every_page(program: Program, path: str, most: int = 200) -> list[dict[str, Any]]:
    """Follow `next` to the end; every answer must be short enough."""
    rows: list[dict[str, Any]] = []
    cursor = None
    for _ in range(most):
        at = f"{path}{'&' if '?' in path else '?'}cursor={cursor}" if cursor else path
        response = program.get(at)
        assert response.status_code == 200, response.content
        assert len(response.content.decode()) < ANSWER_LIMIT
        answer = response.json()
        rows += answer["results"]
        cursor = answer["next"]
        if cursor is None:
            return rows
    raise AssertionError("the pages never end")


def queries_of(program: Program, path: str) -> int:
    program.get(path)  # the first use of a token is noted, later ones of a minute not
    with CaptureQueriesContext(
        connection,
    ) as counted:
        assert program.get(path).status_code == 200
    return len(counted)


def test_a_route_is_summarised(gateway: Gateway, alice: Program) -> None:
    make_resource(
        gateway,
        resource_id="r1",
        document=route_document(plugins={"limit-count": {"count": 1}, "cors": {}}),
    )

    answer = alice.get("/api/routes").json()

    assert answer["gateway"] == "default"
    assert answer["next"] is None
    assert answer["as_of"] is not None
    assert answer["results"] == [
        {
            "id": "r1",
            "name": "conference",
            "uri": "/speaker/*",
            "methods": ["GET"],
            "target": "http://127.0.0.1:8000",
            "plugins": ["cors", "limit-count"],
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "b", "c"]),
        ("search=speaker", ["a"]),
        ("search=SPEAKER+events", ["a"]),
        ("search=nothing", []),
        ("host=example.com", ["b", "c"]),
        ("host=shop.EXAMPLE", ["b"]),
        ("uri=/cart", ["b"]),
        ("uri=%25", []),
        ("plugin=cors", ["a"]),
        ("plugin=co", []),
        ("label=team", ["a", "c"]),
        ("label=team%3Devents", ["a"]),
        ("label=tea", []),
        ("host=example.com&uri=/pay", ["c"]),
    ],
)
def test_routes_are_filtered(
    query: str, found: list[str], gateway: Gateway, alice: Program
) -> None:
    up = {"upstream": {"nodes": {"10.0.0.1:80": 1}}}
    make_resource(
        gateway,
        resource_id="a",
        document={
            "uri": "/speaker/*",
            "labels": {"team": "events"},
            "plugins": {"cors": {}},
            **up,
        },
    )
    make_resource(
        gateway,
        resource_id="b",
        document={"uris": ["/cart", "/cart/*"], "host": "shop.example.com", **up},
    )
    make_resource(
        gateway,
        resource_id="c",
        document={
            "uri": "/pay",
            "hosts": ["*.example.com"],
            "labels": {"team": "money"},
            "service_id": "s",
        },
    )

    assert ids(alice.get(f"/api/routes?{query}").json()) == found


def test_pages_give_every_route_once(gateway: Gateway, alice: Program) -> None:
    for number in range(45):
        make_resource(gateway, resource_id=f"r{number:03}")

    rows = every_page(alice, "/api/routes?limit=10")

    assert [row["id"] for row in rows] == [f"r{number:03}" for number in range(45)]


def test_filtered_pages_give_every_route_once(gateway: Gateway, alice: Program) -> None:
    for number in range(30):
        host = "shop.example.com" if number % 3 else "other.example.net"
        make_resource(
            gateway, resource_id=f"r{number:03}", document=route_document(host=host)
        )

    rows = every_page(alice, "/api/routes?limit=7&host=shop.example")

    assert len(rows) == 20
    assert len({row["id"] for row in rows}) == 20


def test_a_limit_beyond_the_largest_means_the_largest(
    gateway: Gateway, alice: Program
) -> None:
    for number in range(102):
        make_resource(gateway, resource_id=f"r{number:03}")

    assert len(alice.get("/api/routes?limit=5000").json()["results"]) == 100
    assert len(alice.get("/api/routes").json()["results"]) == 20


def test_answers_stay_short_whatever_the_gateway_holds(
    gateway: Gateway, alice: Program
) -> None:
    wild = "\u202e\u00e4\U0001f600" * 5_000
    huge = {
        "name": wild,
        "desc": wild,
        "uris": [f"/{'x' * 500}/{n}" for n in range(500)],
        "methods": ["GET"] * 500,
        "labels": {f"label{n}": wild[:200] for n in range(500)},
        "plugins": {f"plugin-{n}": {"text": wild} for n in range(10)},
        "upstream": {"nodes": {f"node{n}.example:80": 1 for n in range(5_000)}},
    }
    for number in range(40):
        make_resource(gateway, resource_id=f"r{number:03}", document=huge)

    assert len(every_page(alice, "/api/routes?limit=100")) == 40
    for path in ("/api/routes/r000", "/api/resources/route/r000"):
        response = alice.get(path)
        assert response.status_code == 200
        assert len(response.content.decode()) < ANSWER_LIMIT
        assert response.json()["url"] in response.json()["note"]


def test_a_list_costs_as_many_queries_for_many_as_for_few(
    gateway: Gateway, people: Cast, alice: Program
) -> None:
    paths = [
        "/api/routes?limit=100",
        "/api/routes?limit=100&host=example",
        "/api/changes?limit=100",
        "/api/gateways",
    ]

    def fill(number: int) -> None:
        make_resource(gateway, document=route_document(host="shop.example.com"))
        make_change(gateway=gateway, author=people.alice)
        make_gateway(f"gateway-{number}")

    fill(0)
    few = [queries_of(alice, path) for path in paths]
    for number in range(1, 30):
        fill(number)
    many = [queries_of(alice, path) for path in paths]

    assert few == many
    assert max(many) <= 8


def test_one_route_costs_a_bounded_number_of_queries(
    gateway: Gateway, people: Cast, alice: Program
) -> None:
    make_resource(gateway, resource_id="conference-x1y2z3")
    make_change(gateway=gateway, author=people.alice)
    few = queries_of(alice, "/api/routes/conference-x1y2z3")
    for _ in range(10):
        make_change(gateway=gateway, author=people.alice)

    assert queries_of(alice, "/api/routes/conference-x1y2z3") == few <= 8


def test_one_change_costs_a_fixed_number_of_queries(
    gateway: Gateway, people: Cast, alice: Program
) -> None:
    change = make_change(gateway=gateway, author=people.alice)
    path = f"/api/changes/{change.number}"
    few = queries_of(alice, path)
    for _ in range(10):
        make_comment(change, people.alice, "Soon?")

    assert queries_of(alice, path) == few <= 13


def test_one_route_tells_what_applies_and_where_it_comes_from(
    gateway: Gateway, people: Cast, alice: Program
) -> None:
    make_resource(
        gateway,
        "service",
        "s1",
        {
            "upstream_id": "u1",
            "hosts": ["shop.example.com"],
            "plugins": {"cors": {"allow_origins": "*"}, "limit-count": {"count": 1}},
        },
    )
    make_resource(gateway, "upstream", "u1", {"nodes": {"10.0.0.1:80": 1}})
    make_resource(
        gateway,
        resource_id="r1",
        document={
            "uri": "/cart",
            "service_id": "s1",
            "plugins": {"limit-count": {"count": 9}},
        },
    )
    change = make_change(
        gateway=gateway,
        author=people.alice,
        items=[
            {
                "action": "update",
                "kind": "route",
                "resource_id": "r1",
                "base": {},
                "wanted": {},
            }
        ],
    )

    answer = alice.get("/api/routes/r1").json()

    assert answer["gateway"] == "default"
    assert answer["route"]["uri"] == "/cart"
    assert answer["effective"] == {
        "hosts": ["shop.example.com"],
        "upstream": {"nodes": {"10.0.0.1:80": 1}},
        "upstream_from": "upstream u1, named by service s1",
        "plugins": [
            {"name": "cors", "from": "service s1", "settings": {"allow_origins": "*"}},
            {"name": "limit-count", "from": "route", "settings": {"count": 9}},
        ],
        "missing": [],
    }
    assert [one["number"] for one in answer["changes"]] == [change.number]
    assert answer["url"].endswith("/gateways/default/routes/r1")


def test_ids_with_slashes_are_read(gateway: Gateway, alice: Program) -> None:
    make_resource(gateway, "credential", "jack/credentials/c1", {"plugins": {}})
    make_resource(gateway, "secret", "vault/1", {"uri": "http://vault"})

    for path in (
        "/api/resources/credential/jack/credentials/c1",
        "/api/resources/credential/jack%2Fcredentials%2Fc1",
        "/api/resources/secret/vault/1",
    ):
        assert alice.get(path).status_code == 200


def test_every_kind_is_listed(gateway: Gateway, alice: Program) -> None:
    from gateway.kinds import KINDS

    for kind in KINDS:
        answer = alice.get(f"/api/resources/{kind}")
        assert answer.status_code == 200
        assert answer.json()["kind"] == kind


def test_secrets_are_never_told(desk: Desk, alice: Program) -> None:
    secret = "correct-horse-battery-staple"
    desk.sandbox.put(
        "consumer",
        "jack",
        {"username": "jack", "plugins": {"key-auth": {"key": secret}}},
    )
    desk.hold(
        "route",
        "r1",
        {
            "uri": "/a",
            "upstream": {"nodes": {"a:1": 1}},
            "plugins": {
                "proxy-rewrite": {"headers": {"set": {"Authorization": secret}}}
            },
        },
    )

    for path in (
        "/api/resources/consumer",
        "/api/resources/consumer/jack",
        "/api/routes",
        "/api/routes/r1",
        f"/api/routes?search={secret}",
    ):
        response = alice.get(path)
        assert response.status_code == 200
        assert secret not in response.content.decode()
    preview = alice.post(
        "/api/changes/preview",
        {
            "items": [
                {
                    "action": "update",
                    "kind": "consumer",
                    "id": "jack",
                    "document": {"desc": "x"},
                }
            ]
        },
    )
    assert preview.status_code == 200
    assert secret not in preview.content.decode()


def test_only_gateways_that_one_may_see_are_listed(people: Cast) -> None:
    east, west = make_gateway("east"), make_gateway("west")
    make_resource(west, resource_id="hidden")
    program = program_of(make_person("bob", Role.VIEWER, gateway=east))

    answer = program.get("/api/gateways").json()

    assert [row["slug"] for row in answer["results"]] == ["east"]
    assert answer["results"][0]["may_ask"] is False
    assert program.get("/api/routes").json()["results"] == []
    assert program.get("/api/routes?gateway=west").status_code == 404


def test_a_gateway_tells_nothing_of_its_admin_api(
    gateway: Gateway, alice: Program
) -> None:
    Gateway.objects.update(trouble=f"{gateway.admin_url} refused the key")

    body = alice.get("/api/gateways").content.decode()

    assert "9180" not in body
    assert "refused the key" not in body


def test_unnamed_the_gateway_called_default_is_meant(
    gateway: Gateway, alice: Program
) -> None:
    make_gateway("another")
    make_resource(gateway, resource_id="here")

    answer = alice.get("/api/routes").json()

    assert answer["gateway"] == "default"
    assert ids(answer) == ["here"]


def test_plugins_are_listed_with_their_settings(desk: Desk, alice: Program) -> None:
    rows = every_page(alice, "/api/plugins?limit=100")

    names = [row["name"] for row in rows]
    assert names == sorted(names)
    limit = next(row for row in rows if row["name"] == "limit-count")
    assert isinstance(limit["priority"], int)
    found = alice.get("/api/plugins?search=limit").json()["results"]
    assert {row["name"] for row in found} == {n for n in names if "limit" in n}


def test_every_plugin_is_told_in_a_short_answer(desk: Desk, alice: Program) -> None:
    for row in every_page(alice, "/api/plugins?limit=100"):
        response = alice.get(f"/api/plugins/{row['name']}")
        assert response.status_code == 200
        assert len(response.content.decode()) < ANSWER_LIMIT
        assert response.json()["name"] == row["name"]


def test_plugins_are_told_while_the_gateway_is_down(desk: Desk, alice: Program) -> None:
    assert alice.get("/api/plugins").status_code == 200
    desk.sandbox.stop()

    assert alice.get("/api/plugins").status_code == 200


def test_a_mirror_that_was_never_read_says_so(gateway: Gateway, alice: Program) -> None:
    Gateway.objects.update(mirrored_at=None)

    answer = alice.get("/api/routes").json()

    assert answer["as_of"] is None
    assert answer["results"] == []
    assert not Resource.objects.exists()
