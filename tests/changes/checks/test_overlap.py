"""Who else answers: told in words, with the request that proves it."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.mirror import refresh
from gateway.models import Gateway, Resource
from gateway.overlap.search import OF_ROUTE
from gateway.overlap.stage import LIMIT as NEAREST
from portal.changes.asked import ItemAsked
from portal.changes.checks.overlap import PATIENCE, SUBJECT
from portal.changes.findings import Finding, Severity
from portal.changes.propose import preview, propose, revise
from portal.changes.states import State
from tests.actors import present
from tests.changes.checks import looking
from tests.changes.checks.looking import Document, create, delete, route, update
from tests.changes.conftest import Desk

CODES = {code.code for code in SUBJECT.codes}
REST = route(uri="/*")


def seen(desk: Desk, **routes: Document) -> None:
    """Let the gateway hold these routes, and the desk know them."""
    for route_id, document in routes.items():
        desk.sandbox.put("route", route_id, document)
    refresh(desk.gateway)


def told(desk: Desk, *items: ItemAsked) -> list[Finding]:
    """What is said of who answers."""
    return [one for one in looking.findings(desk, *items) if one.code in CODES]


def said(desk: Desk, *items: ItemAsked) -> set[tuple[str, str, int]]:
    return {(one.code, str(one.severity), one.item) for one in told(desk, *items)}


class TestWords:
    def test_a_route_that_would_never_answer(self, desk: Desk) -> None:
        seen(desk, old=route(priority=1))

        (finding,) = told(desk, create("route", route(methods=["GET", "PUT"])))

        assert finding.code == "route_unreachable"
        assert finding.words == (
            "It would never answer: route old would take every request first, such as "
            "GET http://api.example.com/speaker/any."
        )
        assert "priority" in finding.mend

    def test_a_route_that_leaves_another_nothing(self, desk: Desk) -> None:
        seen(desk, old=route(methods=["GET"]))

        (finding,) = told(desk, create("route", route(priority=1)))

        assert (finding.code, finding.path) == ("route_replaced", "priority")
        assert finding.words == (
            "It takes all requests of route old, such as "
            "GET http://api.example.com/speaker/any, leaving none."
        )

    def test_requests_that_another_route_answers_now(self, desk: Desk) -> None:
        seen(desk, old=route())

        (finding,) = told(desk, create("route", route(uri="/speaker/7")))

        assert (finding.code, finding.path) == ("route_takes_over", "uri")
        assert finding.words == (
            "It takes over requests that now go to route old, such as "
            "GET http://api.example.com/speaker/7: an exact URI goes first."
        )

    def test_an_order_that_nothing_decides(self, desk: Desk) -> None:
        seen(desk, old=route(vars=[["arg_v", "==", "2"]]))

        (finding,) = told(desk, create("route", route()))

        assert (finding.code, finding.path) == ("route_order_unclear", "priority")
        assert "It and route old" in finding.words
        assert "GET http://api.example.com/speaker/any?v=2" in finding.words

    def test_those_that_come_before_and_those_that_come_behind(
        self, desk: Desk
    ) -> None:
        seen(
            desk,
            first=route(uri="/speaker/7", methods=["POST"], priority=1),
            rest=REST,
            least=route(uri="/*", priority=-1),
        )

        found = told(desk, create("route", route()))

        words = {one.words for one in found if one.code == "route_overlaps"}
        assert words == {
            "Route first would come before it for requests that both take, such as "
            "POST http://api.example.com/speaker/7: an exact URI goes first.",
            "It would come before route least for requests that both take, such as "
            "GET http://api.example.com/speaker/any: the longer prefix goes first.",
        }

    def test_a_filter_that_was_not_run(self, desk: Desk) -> None:
        seen(desk, old=route(filter_func="function(vars) return true end"))

        (finding,) = told(desk, create("route", route(uri="/speaker/7")))

        assert "filter_func is code and was not run" in finding.words

    def test_a_path_of_several_uris_is_that_of_the_field(self, desk: Desk) -> None:
        seen(desk, old=route())
        several = route(uris=["/speaker/7", "/speaker/8"])
        del several["uri"]

        assert {one.path for one in told(desk, create("route", several))} == {"uris"}


class TestGoing:
    def test_what_nobody_answers_then(self, desk: Desk) -> None:
        seen(desk, old=route())

        (finding,) = told(desk, delete("route"))

        assert (finding.code, finding.severity) == ("requests_unanswered", "info")
        assert finding.words == (
            "Requests that it answers now would be answered 404, such as "
            "GET http://api.example.com/speaker/any."
        )

    @pytest.mark.parametrize(
        ("asked", "severity"),
        [({"status": 0}, "info"), ({"methods": ["GET"]}, "warning")],
        ids=["off", "narrower"],
    )
    def test_what_is_lost_unawares_is_heavier(
        self, desk: Desk, asked: Document, severity: str
    ) -> None:
        seen(desk, old=route())

        assert said(desk, update("route", asked)) == {
            ("requests_unanswered", severity, 0)
        }

    def test_who_answers_then(self, desk: Desk) -> None:
        seen(desk, old=route(uri="/speaker/7"), wider=route(methods=["GET"]))

        found = {one.code: one for one in told(desk, delete("route"))}

        assert found["requests_move"].words == (
            "Requests that it answers now would go to route wider, such as "
            "GET http://api.example.com/speaker/7."
        )
        assert "POST" in found["requests_unanswered"].words

    def test_the_route_for_everything_else_is_meant_to_answer(self, desk: Desk) -> None:
        seen(desk, old=route(), rest=REST)

        assert said(desk, delete("route")) == {("requests_move", "info", 0)}
        new = create("route", route(uri="/shop/*"))
        assert said(desk, new) == {("route_takes_over", "info", 0)}
        stronger = create("route", route(uri="/*", methods=["GET"], priority=1))
        assert ("route_takes_over", "warning", 0) in said(desk, stronger)

    def test_a_route_that_moves_within_one_change_is_meant_to(self, desk: Desk) -> None:
        seen(desk, old=route())

        found = said(desk, create("route", route()), delete("route"))

        assert {(code, severity) for code, severity, _ in found} == {
            ("requests_move", "info")
        }

    def test_of_several_items_each_route_is_named(self, desk: Desk) -> None:
        seen(desk, old=route())

        (finding,) = told(desk, create("route", route()), delete("route"))

        assert "route old answers now would go to route new" in finding.words


class TestSilence:
    def test_routes_that_never_meet(self, desk: Desk) -> None:
        seen(desk, old=route(), off=route(uri="/shop/*", status=0))

        assert told(desk, create("route", route(uri="/shop/*"))) == []

    def test_what_was_so_before(self, desk: Desk) -> None:
        seen(desk, old=route(), twin=route(), rest=REST)

        assert told(desk, update("route", {"desc": "x"})) == []
        assert told(desk, update("route", {"plugins": {"cors": {}}})) == []

    def test_a_gateway_that_was_not_read_yet(self, desk: Desk) -> None:
        seen(desk, old=route())
        desk.gateway.mirrored_at = None

        assert told(desk, create("route", route())) == []

    def test_what_apisix_would_not_load(self, desk: Desk) -> None:
        seen(desk, old=route())

        assert told(desk, create("route", route(uri=7, hosts=[""]))) == []


class TestServices:
    def test_hosts_of_a_service_move_its_routes(self, desk: Desk) -> None:
        desk.sandbox.put("service", "old", {"hosts": ["a.example.com"]})
        of_service = route(service_id="old")
        del of_service["host"]
        seen(desk, speakers=of_service, other=route(host="b.example.com"))

        found = told(desk, update("service", {"hosts": ["b.example.com"]}))

        assert {(one.code, one.path) for one in found} == {
            ("route_order_unclear", "hosts"),
            ("requests_unanswered", "hosts"),
        }
        assert any(
            one.words.startswith("Route speakers and route other take the same")
            for one in found
        )

    def test_what_else_a_service_changes_moves_nothing(self, desk: Desk) -> None:
        desk.sandbox.put("service", "old", {"hosts": ["a.example.com"]})
        seen(desk)

        asked = update("service", {"desc": "x"})
        with CaptureQueriesContext(connection) as queries:
            assert told(desk, asked) == []
        assert not [one for one in queries if "gateway_resource" in one["sql"]]


class TestOtherChanges:
    """What others asked for, and what is not yet live, counts too."""

    def theirs(self, desk: Desk, *items: ItemAsked) -> int:
        asked = desk.asked(*items)
        return propose(asked, actor=present(desk.people.omar)).change.number

    def test_their_routes_are_named_with_their_change(self, desk: Desk) -> None:
        number = self.theirs(desk, create("route", route(), "theirs"))

        (finding,) = told(desk, create("route", route(uri="/speaker/7")))

        assert finding.code == "route_overlaps"
        assert f"route theirs of change #{number}" in finding.words

    def test_a_route_that_theirs_would_hide(self, desk: Desk) -> None:
        number = self.theirs(desk, create("route", route(priority=1), "theirs"))

        (finding,) = told(desk, create("route", route()))

        assert finding.code == "route_unreachable"
        assert finding.words.startswith(
            f"It would never answer once change #{number} is applied: route theirs would"
        )

    def test_the_hosts_that_their_service_would_have_count(self, desk: Desk) -> None:
        of_service = route(service_id="s")
        del of_service["host"]
        service = create("service", {"hosts": ["b.example.com"]}, "s")
        self.theirs(desk, service, create("route", of_service, "theirs"))

        assert told(desk, create("route", route())) == []
        there = create("route", route(host="b.example.com"))
        assert said(desk, there) == {("route_order_unclear", "warning", 0)}

    def test_only_what_is_on_its_way_counts(self, desk: Desk) -> None:
        number = self.theirs(desk, create("route", route(), "theirs"))
        change = desk.people.omar.changes.get(number=number)
        for state in State:
            type(change).objects.filter(pk=number).update(state=state)
            found = bool(told(desk, create("route", route())))
            on_the_way = {State.IN_REVIEW, State.APPROVED, State.DELIVERING}
            assert found is (state in on_the_way), state

    def test_an_earlier_revision_counts_no_more(self, desk: Desk) -> None:
        number = self.theirs(desk, create("route", route(), "theirs"))
        change = desk.people.omar.changes.get(number=number)
        narrowed = desk.asked(create("route", route(uri="/shop"), "theirs"))
        revise(change, narrowed, actor=present(desk.people.omar))

        assert told(desk, create("route", route())) == []

    def test_a_new_revision_does_not_meet_its_own_change(self, desk: Desk) -> None:
        change = desk.ask(create("route", route(), "mine"))
        again = desk.asked(create("route", route(), "renamed"))

        revision = revise(change, again, actor=present(desk.people.alice))

        assert not CODES & {one["code"] for one in revision.findings}


class TestMany:
    def test_many_are_told_in_one_sentence(self, desk: Desk) -> None:
        seen(desk, **{f"r{n}": route(uri=f"/{n}") for n in range(NEAREST + 6)})

        found = {one.code: one for one in told(desk, create("route", REST))}

        assert set(found) == {"route_overlaps", "route_not_compared"}
        assert f"and {NEAREST - 4} more would come before it" in (
            found["route_overlaps"].words
        )
        assert found["route_not_compared"].words.startswith("6 more routes may take")

    def test_a_route_of_too_many_ways_in_is_said_not_to_be_compared(
        self, desk: Desk
    ) -> None:
        vast = route(hosts=[f"h{n}.example.com" for n in range(OF_ROUTE + 1)])
        del vast["host"]

        (finding,) = told(desk, create("route", vast))

        assert finding.code == "route_not_compared"
        assert finding.severity is Severity.INFO

    def test_patterns_that_run_away_hold_nobody_up(self, desk: Desk) -> None:
        seen(desk, **{f"r{n}": route(uri=f"/{n}") for n in range(NEAREST)})
        evil = [["arg_a", "~~", f"^(a|aa|a?|{n})+$"] for n in range(60)]
        conditions = [["arg_a", "==", "a" * 99 + "!"], *evil]
        before = time.thread_time()

        (finding,) = told(desk, create("route", REST | {"vars": conditions}))

        assert time.thread_time() - before < PATIENCE + 5
        assert finding.code == "route_not_compared"
        assert "it would take too long" in finding.words

    def test_ten_thousand_routes_cost_three_queries(self, desk: Desk) -> None:
        fill(desk.gateway, 10_000)
        asked = desk.asked(create("route", route(host="h7.example.com", uri="/s7/*")))

        with CaptureQueriesContext(connection) as queries:
            found = preview(asked, actor=present(desk.people.alice)).findings

        assert [one.code for one in found] == ["route_order_unclear"]
        assert len([one for one in queries if "gateway_resource" in one["sql"]]) == 2
        assert len([one for one in queries if "changes_item" in one["sql"]]) == 2


def fill(gateway: Gateway, count: int) -> None:
    """Let the mirror hold so many routes, on five hundred hosts."""
    Resource.objects.bulk_create(
        (
            Resource(
                gateway=gateway,
                kind="route",
                resource_id=f"r{n}",
                document=route(host=f"h{n % 500}.example.com", uri=f"/s{n}/*"),
                sealed=b"",
                digest="",
            )
            for n in range(count)
        ),
        batch_size=500,
    )
