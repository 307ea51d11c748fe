"""Who else answers: each kind of verdict, and when there is none."""

import subprocess
import sys
import time
from typing import Any

import pytest

from gateway.overlap.compare import (
    Change,
    Kind,
    Layer,
    Overlaps,
    Reason,
    Report,
    Verdict,
)
from gateway.overlap.shown import OF_ROUTE
from gateway.overlap.stage import LIMIT
from gateway.patterns import patience
from gateway.router.match import Mode

Route = dict[str, Any]

ALL_MODES = pytest.mark.parametrize("mode", list(Mode))
CATCH_ALL = {"uri": "/*"}
CART = {"host": "shop.org", "uri": "/cart/*"}


def created(live: dict[str, Route], route: Route, **more: Any) -> list[Verdict]:
    """What is said of a new route."""
    mode = more.pop("mode", Mode.HOST_URI)
    return Overlaps(live, mode=mode).of({"new": (None, route)}, **more).verdicts


def changed(
    live: dict[str, Route], route_id: str, after: Route | None
) -> list[Verdict]:
    """What is said of a live route that becomes another, or goes."""
    change: dict[str, Change] = {route_id: (live[route_id], after)}
    return Overlaps(live).of(change).verdicts


def told(verdicts: list[Verdict]) -> set[tuple[str, ...]]:
    return {(one.kind.value, *one.others, str(one.example)) for one in verdicts}


class TestOverlaps:
    def test_routes_that_never_meet_are_not_mentioned(self) -> None:
        live = {
            "other host": {"host": "blog.org", "uri": "/cart/*"},
            "other uri": {"host": "shop.org", "uri": "/basket/*"},
            "other method": {**CART, "methods": ["POST"]},
            "other address": {**CART, "remote_addrs": ["10.0.0.0/8"]},
            "other value": {**CART, "vars": [["arg_v", "==", "2"]]},
            "off": {**CART, "status": 0},
        }
        route = {
            **CART,
            "methods": ["GET"],
            "remote_addrs": ["192.168.0.0/16", "fe80::/16"],
            "vars": [["arg_v", "in", ["1", "3"]]],
        }
        assert created(live, route) == []

    @pytest.mark.parametrize(
        ("live", "new", "winner", "reason"),
        [
            ({"uri": "/cart/*"}, CART, "new", Reason.HOST),
            (CART, {"host": "*.org", "uri": "/cart/a"}, "live", Reason.HOST),
            (CART, {**CART, "uri": "/cart/a"}, "new", Reason.EXACT),
            (CART, {**CART, "uri": "/cart/a/*"}, "new", Reason.PREFIX),
            (CART, {**CART, "uri": "/*"}, "live", Reason.PREFIX),
            (CART, {**CART, "priority": 1}, "new", Reason.PRIORITY),
            ({**CART, "priority": 1}, CART, "live", Reason.PRIORITY),
            ({**CART, "uri": "/a*b"}, {**CART, "uri": "/a*"}, "live", Reason.LENGTH),
        ],
    )
    def test_who_goes_first_is_told_and_why(
        self, live: Route, new: Route, winner: str, reason: Reason
    ) -> None:
        pair = [one for one in created({"live": live}, new) if one.reason]
        assert [(one.winner, one.reason) for one in pair] == [(winner, reason)]

    def test_the_example_has_all_that_both_ask_for(self) -> None:
        live = {
            "narrow": {
                "hosts": ["*.shop.org"],
                "uri": "/cart/*",
                "methods": ["PUT", "POST"],
                "remote_addrs": ["10.1.0.0/16"],
                "vars": [["http_x_canary", "==", "on"], ["arg_v", ">", 5]],
            }
        }
        route = {
            "host": "*.org",
            "uri": "/*",
            "methods": ["POST", "GET"],
            "remote_addr": "10.0.0.0/8",
            "vars": [
                ["arg_v", "<", 7],
                ["cookie_user", "~=", None],
                ["uri", "~~", "a$"],
            ],
        }
        (verdict,) = created(live, {**route, "uri": "/cart/*"})
        assert str(verdict.example) == (
            "POST http://any.shop.org/cart/a?v=6 with X-Canary: on "
            "and Cookie: user=any from 10.1.0.1"
        )

    def test_a_filter_is_taken_to_accept_and_that_is_said(self) -> None:
        filtered = {**CART, "filter_func": "function(vars) return true end"}
        (verdict,) = created({"live": filtered}, {**CART, "uri": "/cart/a"})
        assert verdict.assumes_filter
        (verdict,) = created({"live": CART}, {**CART, "uri": "/cart/a"})
        assert not verdict.assumes_filter

    @pytest.mark.parametrize(
        "condition",
        [
            ["consumer_name", "==", "jack"],
            ["balancer_ip", "!", "==", "10.0.0.1"],
            ["http_authorization", "~~", "redacted:0123abcd"],
        ],
    )
    def test_nothing_is_said_on_what_a_request_does_not_tell(
        self, condition: Any
    ) -> None:
        live = {"live": {**CART, "vars": [condition]}, "all": CATCH_ALL}
        # The catch-all may have answered, or the one that nobody can tell of.
        assert told(created(live, {**CART, "priority": 1})) == {
            ("overlaps", "all", "GET http://shop.org/cart/any")
        }

    def test_equal_secrets_meet_although_they_are_hidden(self) -> None:
        def with_key(mark: str) -> Route:
            return {**CART, "vars": [["http_x_api_key", "==", f"redacted:{mark}"]]}

        live = {"same": with_key("0123abcd"), "other": with_key("4567abcd")}
        (verdict,) = created(live, {**with_key("0123abcd"), "priority": 1})
        assert verdict.others == ("same",)

    def test_hosts_of_the_service_count(self) -> None:
        live = {"live": {"uri": "/a", "service_id": "s"}}
        services = {"s": {"hosts": ["shop.org"]}}
        overlaps = Overlaps(live, services=services)
        assert not overlaps.of(
            {"new": (None, {"host": "blog.org", "uri": "/a"})}
        ).verdicts
        (verdict,) = overlaps.of(
            {"new": (None, {"host": "shop.org", "uri": "/*"})}
        ).verdicts
        assert str(verdict.example) == "GET http://shop.org/a"

    def test_a_parameter_is_one_only_where_the_router_knows_them(self) -> None:
        live = {"live": {"uri": "/pets/:id"}}
        new = {"uri": "/pets/7"}
        assert created(live, new) == []
        (verdict,) = created(live, new, mode=Mode.URI_WITH_PARAMETER)
        assert verdict.kind is Kind.TAKES_OVER

    def test_a_route_that_apisix_would_not_load_meets_nobody(self) -> None:
        broken = {**CART, "vars": [["arg_v", "===", "2"]]}
        assert created({"live": broken}, CART) == []
        assert created({"live": CART}, broken) == []


class TestAmbiguous:
    @ALL_MODES
    def test_equals_at_one_place_are_ambiguous(self, mode: Mode) -> None:
        live = {"live": {**CART, "vars": [["arg_v", "==", "2"]]}}
        (verdict,) = created(live, {**CART, "methods": ["GET"]}, mode=mode)
        assert (verdict.kind, verdict.reason) == (Kind.AMBIGUOUS, Reason.ORDER)
        assert str(verdict.example) == "GET http://shop.org/cart/any?v=2"

    def test_host_makes_equals_where_it_is_only_a_condition(self) -> None:
        live = {"live": {"uri": "/cart/*"}}
        (verdict,) = created(live, CART, mode=Mode.URI)
        assert verdict.kind is Kind.AMBIGUOUS
        (verdict,) = created(live, CART, mode=Mode.HOST_URI)
        assert verdict.kind is Kind.TAKES_OVER


class TestUnreachable:
    @pytest.mark.parametrize(
        ("live", "new"),
        [
            (CART, {**CART, "methods": ["GET"]}),
            (CART, {**CART, "vars": [["arg_v", "==", "2"]]}),
            (CART, {**CART, "remote_addr": "10.0.0.1"}),
            ({**CART, "methods": ["GET", "PUT"]}, {**CART, "methods": ["PUT"]}),
            ({**CART, "hosts": ["a.org", "shop.org"], "host": None}, CART),
            (
                {**CART, "remote_addrs": ["10.0.0.0/8", "fe80::/16"]},
                {**CART, "remote_addrs": ["10.1.0.0/16", "fe80::1"]},
            ),
            (
                {**CART, "vars": [["arg_v", "==", "2"]]},
                {**CART, "vars": ["AND", ["arg_v", "==", "2"], ["arg_n", ">", 1]]},
            ),
            (
                {**CART, "vars": [["OR", ["arg_v", ">", 1], ["arg_v", "==", "x"]]]},
                {**CART, "vars": [["arg_v", "in", ["2", "x"]]]},
            ),
            ({"host": "*", "uri": "/*"}, {"uri": "/cart/*"}),
        ],
    )
    def test_a_route_whose_requests_all_go_elsewhere_never_answers(
        self, live: Route, new: Route
    ) -> None:
        verdicts = created({"live": {**live, "priority": 1}}, new)
        (verdict,) = (one for one in verdicts if one.kind is Kind.UNREACHABLE)
        assert verdict.others == ("live",)

    @pytest.mark.parametrize(
        ("live", "new"),
        [
            ({**CART, "methods": ["GET"]}, CART),
            ({**CART, "vars": [["arg_v", "==", "2"]]}, CART),
            ({**CART, "remote_addr": "10.0.0.1"}, CART),
            (
                {**CART, "remote_addr": "10.0.0.0/16"},
                {**CART, "remote_addr": "10.0.0.0/8"},
            ),
            ({**CART, "filter_func": "function() return true end"}, CART),
            (CART, {**CART, "host": None, "hosts": ["shop.org", "*.shop.org"]}),
            (CART, {**CART, "uri": None, "uris": ["/cart/*", "/basket"]}),
            (
                {**CART, "vars": [["arg_v", "==", 2]]},
                {**CART, "vars": [["arg_v", "==", "2"], ["arg_n", "==", "1"]]},
            ),
            ({"host": "*.org", "uri": "/*"}, CART),
        ],
    )
    def test_a_request_that_may_be_left_is_enough(
        self, live: Route, new: Route
    ) -> None:
        if live.get("vars") and new.get("vars"):
            # `== 2` takes `2` and `2.0`, `== "2"` only the first: that one is covered.
            live, new = new, live
        verdicts = created({"live": {**live, "priority": 1}}, new)
        assert Kind.UNREACHABLE not in {one.kind for one in verdicts}
        assert verdicts != []

    def test_several_routes_may_hide_one_together(self) -> None:
        live = {
            "reads": {**CART, "methods": ["GET"], "priority": 1},
            "writes": {**CART, "methods": ["POST", "PUT"], "priority": 1},
        }
        verdicts = created(live, {**CART, "methods": ["GET", "POST"]})
        (verdict,) = (one for one in verdicts if one.kind is Kind.UNREACHABLE)
        assert verdict.others == ("reads", "writes")
        verdicts = created(live, CART)
        assert Kind.UNREACHABLE not in {one.kind for one in verdicts}

    def test_equals_do_not_hide_each_other_for_certain(self) -> None:
        assert {one.kind for one in created({"live": CART}, CART)} == {Kind.AMBIGUOUS}

    @pytest.mark.parametrize(
        ("live", "new"),
        [
            ("/pets/:id", "/pets/:name"),
            ("/:kind/:id", "/:kind/toys"),
            ("/:kind/*", "/:any/toys/:id"),
            ("/pets/:id/*", "/pets/:id/toys/*"),
        ],
    )
    def test_parameters_are_compared_piece_by_piece(self, live: str, new: str) -> None:
        routes = {"live": {"uri": live, "priority": 1}}
        kinds = {
            one.kind
            for one in created(routes, {"uri": new}, mode=Mode.URI_WITH_PARAMETER)
        }
        assert Kind.UNREACHABLE in kinds
        routes = {"live": {"uri": new, "priority": 1}}
        kinds = {
            one.kind
            for one in created(routes, {"uri": live}, mode=Mode.URI_WITH_PARAMETER)
        }
        assert (Kind.UNREACHABLE in kinds) is (live == "/pets/:id")


class TestTakesOver:
    def test_requests_that_another_route_answers_now(self) -> None:
        assert told(created({"all": CATCH_ALL}, CART)) == {
            ("takes_over", "all", "GET http://shop.org/cart/any")
        }

    def test_a_route_that_is_left_nothing_is_replaced(self) -> None:
        live = {"live": {**CART, "methods": ["GET"]}, "all": CATCH_ALL}
        assert {
            (one.kind, one.others) for one in created(live, {**CART, "priority": 1})
        } == {
            (Kind.REPLACES, ("live",)),
            (Kind.TAKES_OVER, ("all",)),
        }

    def test_a_route_that_answered_nothing_loses_nothing(self) -> None:
        live = {"first": {**CART, "priority": 2}, "hidden": CART}
        said = created(live, {**CART, "priority": 1})
        assert (Kind.OVERLAPS, ("hidden",)) in {(one.kind, one.others) for one in said}
        assert Kind.REPLACES not in {one.kind for one in said}


class TestGivesUp:
    def test_after_a_delete_another_answers_or_nobody(self) -> None:
        live = {
            "shop": {**CART, "methods": ["GET", "PUT"]},
            "reads": {**CART, "uri": "/*", "methods": ["GET"]},
        }
        assert told(changed(live, "shop", None)) == {
            ("gives_up", "reads", "GET http://shop.org/cart/any"),
            ("gives_up", "PUT http://shop.org/cart/any"),
        }

    def test_switching_off_is_like_deleting(self) -> None:
        live = {"shop": CART}
        assert told(changed(live, "shop", {**CART, "status": 0})) == {
            ("gives_up", "GET http://shop.org/cart/any")
        }

    @pytest.mark.parametrize(
        ("narrowed", "example"),
        [
            ({**CART, "uri": "/cart/a"}, "GET http://shop.org/cart/any"),
            ({**CART, "host": "blog.org"}, "GET http://shop.org/cart/any"),
            ({**CART, "methods": ["GET"]}, "POST http://shop.org/cart/any"),
            ({**CART, "vars": [["arg_v", "==", "2"]]}, "GET http://shop.org/cart/any"),
        ],
    )
    def test_what_a_narrower_route_leaves_is_told(
        self, narrowed: Route, example: str
    ) -> None:
        live = {"shop": CART, "all": CATCH_ALL}
        said = [
            one for one in changed(live, "shop", narrowed) if one.kind is Kind.GIVES_UP
        ]
        assert [(one.others, str(one.example)) for one in said] == [(("all",), example)]

    def test_lower_priority_gives_up_to_the_one_beside(self) -> None:
        live = {
            "first": {**CART, "priority": 1},
            "second": {**CART, "methods": ["GET"]},
        }
        said = changed(live, "first", {**CART, "priority": -1})
        assert ("gives_up", "second", "GET http://shop.org/cart/any") in told(said)

    def test_moving_hosts_of_a_service_moves_its_routes(self) -> None:
        live = {"shop": {"uri": "/cart/*", "service_id": "s"}, "all": CATCH_ALL}
        overlaps = Overlaps(live, services={"s": {"hosts": ["shop.org"]}})
        report = overlaps.of({}, services={"s": {"hosts": ["blog.org"]}})
        assert told(report.verdicts) == {
            ("gives_up", "all", "GET http://shop.org/cart/any"),
            ("takes_over", "all", "GET http://blog.org/cart/any"),
        }


class TestUpdates:
    def test_nothing_is_said_when_the_same_requests_match(self) -> None:
        live = {"shop": CART, "all": CATCH_ALL}
        after = {**CART, "upstream_id": "u", "plugins": {"cors": {}}}
        assert changed(live, "shop", after) == []

    def test_what_was_so_before_is_not_new(self) -> None:
        live = {"shop": CART, "all": CATCH_ALL}
        said = changed(live, "shop", {**CART, "methods": ["GET"]})
        assert {(one.kind, one.is_new) for one in said} == {
            (Kind.OVERLAPS, False),
            (Kind.GIVES_UP, True),
        }

    def test_what_is_new_is_told_before_what_was_so(self) -> None:
        live = {"shop": CART, "all": CATCH_ALL}
        wider = {**CART, "uri": None, "uris": ["/cart/*", "/basket"]}
        assert told(changed(live, "shop", wider)) == {
            ("takes_over", "all", "GET http://shop.org/basket")
        }

    def test_several_routes_of_one_change_are_seen_together(self) -> None:
        live = {"old": CART}
        report = Overlaps(live).of({"old": (CART, None), "new": (None, CART)})
        assert told(report.verdicts) == {
            ("gives_up", "new", "GET http://shop.org/cart/any"),
        }


class TestOtherChanges:
    def test_their_routes_are_named_with_them(self) -> None:
        layers = {"#7": Layer({"theirs": CART, "far": {"uri": "/far"}})}
        (verdict,) = created({}, {**CART, "uri": "/cart/a"}, layers=layers)
        assert (verdict.kind, verdict.others, verdict.layer) == (
            Kind.OVERLAPS,
            ("theirs",),
            "#7",
        )

    def test_a_route_that_they_would_hide_is_unreachable(self) -> None:
        layers = {"#7": Layer({"theirs": {**CART, "priority": 1}})}
        said = created({}, CART, layers=layers)
        assert {(one.kind, one.layer) for one in said} == {
            (Kind.UNREACHABLE, "#7"),
            (Kind.OVERLAPS, "#7"),
        }

    def test_routes_that_they_leave_as_they_are_are_not_theirs(self) -> None:
        layers = {"#7": Layer({"shop": {**CART, "upstream_id": "u"}})}
        said = created({"shop": CART}, {**CART, "uri": "/cart/a"}, layers=layers)
        assert {one.layer for one in said} == {""}

    def test_hosts_and_routes_count_as_they_leave_them(self) -> None:
        live = {
            "first": {**CART, "priority": 1},
            "served": {"uri": "/cart/a", "service_id": "s"},
        }
        overlaps = Overlaps(live, services={"s": {"hosts": ["blog.org"]}})

        def with_layer(layer: Layer) -> set[tuple[Kind, str]]:
            report = overlaps.of({"new": (None, CART)}, layers={"#7": layer})
            return {(one.kind, one.layer) for one in report.verdicts}

        alone = {(Kind.UNREACHABLE, ""), (Kind.OVERLAPS, "")}
        assert with_layer(Layer({"first": None})) == alone
        there = Layer({}, {"s": {"hosts": ["shop.org"]}})
        assert with_layer(there) == {*alone, (Kind.OVERLAPS, "#7")}

    def test_what_cannot_meet_theirs_is_not_compared_with_them(self) -> None:
        layers = {"#7": Layer({"theirs": {**CART, "host": "blog.org"}})}
        report = Overlaps({}).of({"new": (None, CART)}, layers=layers)
        assert report.comparisons == 0


class TestScale:
    @staticmethod
    def report(live: list[Route], new: Route) -> Report:
        routes = {str(number): route for number, route in enumerate(live)}
        return Overlaps(routes).of({"new": (None, new)})

    def test_only_the_few_that_may_meet_are_compared(self) -> None:
        live = [
            {"host": f"h{number % 500}.org", "uri": f"/s{number}/*"}
            for number in range(5_000)
        ]
        report = self.report([*live, CATCH_ALL], {"host": "h7.org", "uri": "/s507/a"})
        assert report.comparisons == 2
        assert report.unseen == {}

    def test_of_very_many_the_nearest_are_compared_and_the_others_counted(self) -> None:
        live = [{"uri": f"/s{number}/*"} for number in range(5_000)]
        report = self.report([*live, CATCH_ALL], {"uri": "/*", "priority": 1})
        # And the one that is replaced, to see that nothing is left of it.
        assert report.comparisons == LIMIT + 1
        assert len(report.unseen["new"]) == 5_001 - LIMIT
        # What has the same place comes before what lies below.
        kinds = {one.others: one.kind for one in report.verdicts}
        assert kinds["5000",] is Kind.REPLACES

    def test_a_change_of_too_much_work_is_looked_at_in_part(self) -> None:
        new = {f"new{n}": (None, {**CART, "priority": n}) for n in range(300)}
        report = Overlaps({"all": CATCH_ALL}).of(new)
        assert 0 < len(report.skipped) < len(new)
        told = {one.route for one in report.verdicts}
        assert told == new.keys() - set(report.skipped)

    def test_what_others_bring_is_work_too(self) -> None:
        brought = Layer({f"r{n}": {**CART, "priority": n} for n in range(64)})
        layers = {f"#{n}": brought for n in range(100)}
        new = {f"new{n}": (None, {**CART, "priority": -n}) for n in range(9)}
        report = Overlaps({}).of(new, layers=layers)
        assert report.skipped != []
        assert {one.route for one in report.verdicts} == new.keys()

    def test_a_route_of_too_many_ways_is_not_looked_at(self) -> None:
        hosts = [f"h{n}.org" for n in range(OF_ROUTE + 1)]
        vast = {"hosts": hosts, "uri": "/a"}
        report = Overlaps({"all": CATCH_ALL}).of({"vast": (None, vast)})
        assert (report.skipped, report.verdicts) == (["vast"], [])
        few = {"hosts": hosts[:OF_ROUTE], "uri": "/a"}
        report = Overlaps({"all": CATCH_ALL}).of({"new": (None, few)})
        assert [one.kind for one in report.verdicts] == [Kind.TAKES_OVER]

    @pytest.mark.parametrize(
        "asked",
        [
            {"vars": [["arg_a", "~=", f"v{n}"] for n in range(2_000)]},
            {"vars": [["arg_a", "in", [f"v{n}" for n in range(5_000)]]]},
            {"vars": [["arg_a", ">", n] for n in range(2_000)]},
            {"vars": [["arg_a", "~~", "(" * 50_000 + ")" * 50_000]]},
            {"vars": [["arg_a", "~~", "[" * 100_000]]},
            {"remote_addrs": [f"10.{n // 250}.{n % 250}.1" for n in range(5_000)]},
        ],
    )
    def test_a_route_that_asks_for_too_much_is_not_looked_at(
        self, asked: Route
    ) -> None:
        near = {f"r{n}": {**CART, "priority": n} for n in range(60)}
        before = time.thread_time()

        report = Overlaps({**near, "vast": {**CART, **asked}}).of(
            {"new": (None, {**CART, **asked}), "plain": (None, CART)}
        )

        assert time.thread_time() - before < 3
        assert report.skipped == ["new"]
        assert {one.route for one in report.verdicts} == {"plain"}

    def test_patterns_that_run_away_are_given_up(self) -> None:
        near = {f"r{n}": {**CART, "priority": n} for n in range(60)}
        evil = [["arg_a", "~~", f"^(a|aa|a?|{n})+$"] for n in range(20)]
        new = {**CART, "vars": [["arg_a", "==", "a" * 99 + "!"], *evil]}
        layers = {"#1": Layer({"theirs": {**CART, "vars": evil}})}
        before = time.thread_time()

        with patience(0.5):
            report = Overlaps(near).of({"new": (None, new)}, layers=layers)

        assert time.thread_time() - before < 3
        assert report.skipped == ["new"]

    def test_unchanged_routes_are_no_work(self) -> None:
        live = {f"r{n}": {**CART, "priority": n} for n in range(300)}
        change: dict[str, Change] = {
            key: (one, {**one, "upstream_id": "u"}) for key, one in live.items()
        }
        report = Overlaps(live).of(change)
        assert (report.comparisons, report.skipped) == (0, [])


def test_it_needs_no_django() -> None:
    program = (
        "import sys, gateway.overlap;"
        "sys.exit(any(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert ended.returncode == 0
