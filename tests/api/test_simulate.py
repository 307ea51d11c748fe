"""Trying a request: what answers it now and after a change, as programs are told."""

import time
from typing import Any

import pytest

from portal.accounts.models import Scope
from portal.accounts.roles import Role
from portal.changes.states import State
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.factories import (
    item,
    make_change,
    make_gateway,
    make_person,
    make_resource,
    route_document,
)

NODE = {"10.0.0.5:8000": 1}
CART = {
    "name": "cart",
    "uri": "/cart/*",
    "host": "shop.example.com",
    "upstream": {"nodes": NODE},
    "plugins": {"key-auth": {}, "limit-count": {"count": 5, "time_window": 60}},
}


def tried(url: str = "https://shop.example.com/cart/1", **fields: Any) -> Any:
    """Return a body; `fields` beside the request's own go to the body."""
    own = {"headers", "remote_addr", "method"}
    request = {"method": "GET", "url": url}
    request |= {name: fields.pop(name) for name in own & fields.keys()}
    return {"request": request, **fields}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A gateway that holds a route, and a global rule."""
    desk.sandbox.put("global_rule", "g1", {"plugins": {"cors": {}}})
    desk.hold("route", "cart-1", CART)
    return desk


def test_it_tells_route_plugins_and_upstream(shop: Desk, alice: Program) -> None:
    before = stored()

    response = alice.post("/api/simulate", tried())

    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["gateway"] == "default"
    assert answer["as_of"] is not None
    assert "after" not in answer
    now = answer["now"]
    assert now["route"] == {
        "id": "cart-1",
        "name": "cart",
        "uri": "/cart/*",
        "host": "shop.example.com",
        "params": {":ext": "1"},
    }
    assert [(use["name"], use["from"], use["phase"]) for use in now["plugins"]] == [
        ("cors", "global_rule g1", "rewrite"),
        ("key-auth", "route", "rewrite"),
        ("limit-count", "route", "access"),
    ]
    assert now["plugins"][2]["settings"]["count"] == 5
    assert now["plugins"][2]["settings"]["rejected_code"] == 503
    assert now["upstream"] == {
        "from": "route",
        "scheme": "http",
        "nodes": NODE,
        "host": "shop.example.com",
        "method": "GET",
        "path": "/cart/1",
    }
    assert (
        "route cart-1, cors, key-auth, limit-count → 10.0.0.5:8000"
        in (answer["message"])
    )
    assert stored() == before


def test_it_asks_no_gateway(shop: Desk, alice: Program) -> None:
    shop.sandbox.stop()

    assert alice.post("/api/simulate", tried()).json()["now"] is not None


def test_no_route_is_null(shop: Desk, alice: Program) -> None:
    answer = alice.post("/api/simulate", tried("http://other.example/")).json()

    assert answer["now"] is None
    assert "404" in answer["message"]


def test_it_tells_what_a_change_would_make_of_it(shop: Desk, alice: Program) -> None:
    other = {"upstream": {"nodes": {"10.0.0.6:8000": 1}}}
    made = alice.patch("/api/routes/cart-1", {"reason": "Move it.", "route": other})
    number = made.json()["change"]["number"]

    answer = alice.post("/api/simulate", tried(change=number)).json()

    assert answer["now"]["upstream"]["nodes"] == NODE
    assert answer["after"]["upstream"]["nodes"] == {"10.0.0.6:8000": 1}
    assert f"After change #{number}: route cart-1" in answer["message"]


def test_a_deleted_route_answers_no_longer(shop: Desk, alice: Program) -> None:
    made = alice.delete("/api/routes/cart-1?reason=Gone")
    number = made.json()["change"]["number"]

    answer = alice.post("/api/simulate", tried(change=number)).json()

    assert answer["now"]["route"]["id"] == "cart-1"
    assert answer["after"] is None


def test_a_changed_service_moves_its_routes(shop: Desk, alice: Program) -> None:
    shop.sandbox.put("service", "s1", {"upstream": {"nodes": NODE}})
    shop.hold("route", "by-service", {"uri": "/s", "service_id": "s1"})
    change = make_change(
        gateway=shop.gateway,
        author=alice.person,
        items=[
            item("delete", "service", "s1", base={"upstream": {"nodes": NODE}}),
        ],
    )

    answer = alice.post("/api/simulate", tried("/s", change=change.number)).json()

    assert answer["now"]["upstream"]["nodes"] == NODE
    assert answer["after"]["upstream"] is None
    assert "service s1 is not there" in answer["after"]["notes"][0]


def test_secrets_are_not_told(shop: Desk, alice: Program) -> None:
    secret = "a-very-secret-value"
    plugins = {
        "proxy-rewrite": {"headers": {"set": {"Authorization": secret}}},
        "csrf": {"key": secret},
    }
    shop.hold("route", "cart-1", CART | {"plugins": plugins})

    answer = alice.post("/api/simulate", tried())

    assert secret not in answer.content.decode()
    assert "redacted:" in answer.content.decode()


def test_traffic_split_tells_every_share(shop: Desk, alice: Program) -> None:
    shares = [{"weight": 3}, {"weight": 1, "upstream": {"nodes": {"10.0.0.9:1": 1}}}]
    split = {"traffic-split": {"rules": [{"weighted_upstreams": shares}]}}
    shop.hold("route", "cart-1", CART | {"plugins": split})

    upstream = alice.post("/api/simulate", tried()).json()["now"]["upstream"]

    assert (upstream["nodes"], upstream["weight"]) == (NODE, 3)
    (other,) = upstream["others"]
    assert (other["nodes"], other["weight"]) == ({"10.0.0.9:1": 1}, 1)
    assert other["from"] == "traffic-split"


def test_what_does_not_run_says_why(shop: Desk, alice: Program) -> None:
    shop.hold(
        "route", "cart-1", CART | {"plugins": {"cors": {"_meta": {"disable": True}}}}
    )

    plugins = alice.post("/api/simulate", tried()).json()["now"]["plugins"]

    assert [use.get("skipped") for use in plugins] == [None, "it is switched off"]


def test_headers_and_address_count(shop: Desk, alice: Program) -> None:
    shop.hold(
        "route",
        "beta",
        {
            "uri": "/b",
            "vars": [["http_x_beta", "==", "yes"]],
            "remote_addrs": ["203.0.113.0/24"],
            "upstream": {"nodes": NODE},
        },
    )
    beta = {"headers": {"X-Beta": "yes", "Host": "any.example"}}

    def route(**fields: Any) -> Any:
        now = alice.post("/api/simulate", tried("/b", **fields)).json()["now"]
        return now and now["route"]["id"]

    assert route(**beta, remote_addr="203.0.113.7") == "beta"
    assert route(**beta, remote_addr="198.51.100.1") is None
    assert route(remote_addr="203.0.113.7") is None


class TestChange:
    def test_one_on_another_gateway_is_refused(
        self, shop: Desk, alice: Program
    ) -> None:
        other = make_gateway("other")
        change = make_change(gateway=other, author=alice.person)

        response = alice.post(
            "/api/simulate", tried(gateway="default", change=change.number)
        )

        body = assert_problem(response, 409, "wrong_state", "change")
        assert "gateway other" in body["detail"]

    def test_it_says_which_gateway_is_meant(self, shop: Desk, alice: Program) -> None:
        other = make_gateway("other")
        change = make_change(gateway=other, author=alice.person)

        answer = alice.post("/api/simulate", tried(change=change.number)).json()

        assert answer["gateway"] == "other"

    @pytest.mark.parametrize("number", [999_999, 2**53 - 1])
    def test_one_that_is_not_there_is_404(
        self, shop: Desk, alice: Program, number: int
    ) -> None:
        response = alice.post("/api/simulate", tried(change=number))

        assert_problem(response, 404, "not_found", "change")

    def test_a_draft_is_only_for_its_author(self, shop: Desk, alice: Program) -> None:
        draft = make_change(
            gateway=shop.gateway, author=alice.person, state=State.DRAFT
        )
        riley = program_of(shop.people.riley)
        body = tried("/speaker/1", change=draft.number)

        assert alice.post("/api/simulate", body).json()["after"] is not None
        assert_problem(riley.post("/api/simulate", body), 404, "not_found", "change")

    def test_an_applied_one_is_in_what_is_now(self, shop: Desk, alice: Program) -> None:
        change = make_change(
            gateway=shop.gateway, author=alice.person, state=State.APPLIED
        )

        answer = alice.post("/api/simulate", tried(change=change.number)).json()

        assert "after" not in answer
        assert "is applied" in answer["message"]

    def test_one_with_a_blocker_would_never_be(
        self, shop: Desk, alice: Program
    ) -> None:
        blocker = {"code": "invalid", "severity": "blocker", "item": 0}
        change = make_change(
            gateway=shop.gateway,
            author=alice.person,
            state=State.DRAFT,
            items=[item(wanted={"uri": 5, "plugins": "x"})],
            findings=[blocker],
        )

        answer = alice.post("/api/simulate", tried(change=change.number)).json()

        assert "after" not in answer
        assert "blocker" in answer["message"].lower()


class TestRefusals:
    @pytest.mark.parametrize(
        ("request_", "field"),
        [
            ({"method": "GET"}, "request.url"),
            ({"method": "get", "url": "/"}, "request.method"),
            ({"method": "GET", "url": ""}, "request.url"),
            ({"method": "GET", "url": "shop.example.com/cart"}, "request.url"),
            ({"method": "GET", "url": "ftp://a.example/"}, "request.url"),
            ({"method": "GET", "url": "http:///cart"}, "request.url"),
            ({"method": "GET", "url": "//a.example/"}, "request.url"),
            ({"method": "GET", "url": "http://a.example:99999/"}, "request.url"),
            ({"method": "GET", "url": "http://u:p@a.example/"}, "request.url"),
            ({"method": "GET", "url": "http://a.example/a b"}, "request.url"),
            ({"method": "GET", "url": "http://[::1/"}, "request.url"),
            ({"method": "GET", "url": "http://a..example/"}, "request.url"),
            ({"method": "GET", "url": "/" + "a" * 5_000}, "request.url"),
            ({"method": "GET", "url": "/", "headers": {"a b": "c"}}, "request.headers"),
            (
                {"method": "GET", "url": "/", "headers": {"a": "b\nc"}},
                "request.headers",
            ),
            ({"method": "GET", "url": "/", "headers": {"a": 1}}, "request.headers.a"),
            ({"method": "GET", "url": "/", "remote_addr": "a"}, "request.remote_addr"),
            ({"method": "GET", "url": "/", "body": "x"}, "request.body"),
        ],
    )
    def test_a_bad_request_names_the_field(
        self, shop: Desk, alice: Program, request_: dict[str, Any], field: str
    ) -> None:
        response = alice.post("/api/simulate", {"request": request_})

        assert_problem(response, 400, "malformed", field)

    def test_a_gateway_that_was_never_read_is_503(
        self, alice: Program, people: Any
    ) -> None:
        make_gateway(mirrored_at=None)

        assert_problem(
            alice.post("/api/simulate", tried()), 503, "gateway_down", "gateway"
        )

    def test_a_gateway_that_is_not_for_one_is_404(self, shop: Desk) -> None:
        make_gateway("mine")
        person = make_person("vera", Role.VIEWER, gateway=make_gateway("own"))
        vera = program_of(person, Scope.READ)

        response = vera.post("/api/simulate", tried(gateway="default"))

        assert_problem(response, 404, "not_found", "gateway")

    def test_a_token_must_have_the_scope(self, shop: Desk) -> None:
        program = program_of(shop.people.alice, Scope.PROPOSE)

        assert_problem(program.post("/api/simulate", tried()), 403, "not_allowed")

    def test_reading_is_enough(self, shop: Desk) -> None:
        program = program_of(shop.people.audrey, Scope.READ)

        assert program.post("/api/simulate", tried()).status_code == 200


def test_patterns_that_take_too_long_are_told_and_stopped(
    desk: Desk, alice: Program, people: Any
) -> None:
    """A change, approved by nobody, may hold as many as fit into a document."""
    slow = [["uri", "~~", f"^(/|a|aa|a?|{n})+$"] for n in range(1_000)]
    wanted = route_document(uri="/*", vars=[["OR", *slow]])
    change = make_change(
        gateway=desk.gateway, author=people.alice, items=[item(wanted=wanted)]
    )
    before = time.thread_time()

    response = alice.post(
        "/api/simulate", tried(f"/{'a' * 200}!", change=change.number)
    )

    body = assert_problem(response, 409, "too_slow")
    assert "simpler" in body["detail"]
    assert time.thread_time() - before < 20


def test_answers_stay_short_whatever_is_configured(alice: Program, people: Any) -> None:
    gateway = make_gateway()
    plugins = {f"own-{n}": {"text": "x" * 4_000} for n in range(150)}
    nodes = {f"10.0.{n // 250}.{n % 250}:80": 1 for n in range(2_000)}
    make_resource(
        gateway,
        resource_id="huge",
        document=route_document(
            uri="/*", plugins=plugins, upstream={"nodes": nodes}, desc="y" * 50_000
        ),
    )
    change = make_change(gateway=gateway, author=alice.person)

    response = alice.post("/api/simulate", tried("/a", change=change.number))

    assert response.status_code == 200
    assert len(response.content) < 100_000
