"""Drift on the portal's pages: found there, decided there, by those who may."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.drift.models import Drift, DriftRule, DriftState
from tests.changes.conftest import conference
from tests.drift.conftest import Watched, watched
from tests.factories import (
    Cast,
    make_change,
    make_drift,
    make_gateway,
    make_person,
    route_document,
)
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

As = Callable[[str], Client]
DRIFT = "/gateways/default/drift/"


@pytest.fixture
def drift(gateway: Gateway) -> Drift:
    return make_drift(gateway, resource_id="conference", owner="events")


def page_of(response: HttpResponse) -> str:
    return response.content.decode()


def buttons(page: str) -> list[str]:
    """Return what the buttons of the page's own forms say."""
    return re.findall(r'<button class="button button--[^"]*wide"[^>]*>([^<]+)<', page)


def decide(client: Client, drift: Drift, name: str, **fields: str) -> HttpResponse:
    return client.post(
        f"{drift.get_absolute_url()}{name}/",
        {"seen": drift.live_digest, "reason": "It is fine."} | fields,
    )


class TestList:
    def test_it_says_what_was_done_and_whom_to_ask(
        self, as_: As, gateway: Gateway, drift: Drift
    ) -> None:
        make_drift(gateway, resource_id="made", live=route_document())
        make_drift(gateway, resource_id="lost", baseline=route_document())

        page = page_of(as_("audrey").get(DRIFT))

        assert page.index("Route lost") < page.index("Route made")
        assert page.index("Route made") < page.index("Route conference")
        assert "uri: /speaker/* → /*" in page
        assert "events" in page
        for what in ("Altered", "Created", "Deleted"):
            assert f'<span class="strong">{what}</span>' in page

    def test_by_default_only_what_is_open(self, as_: As, gateway: Gateway) -> None:
        for state in DriftState:
            make_drift(gateway, resource_id=f"is-{state}", state=state)
        alice = as_("alice")

        def listed(query: str) -> set[str]:
            return set(re.findall(r"Route is-(\w+)", page_of(alice.get(DRIFT + query))))

        assert listed("") == {"open"}
        assert listed("?state=ignored") == {"ignored"}
        assert listed("?state=all") == set(DriftState)
        assert listed("?state=nonsense") == {"open"}

    def test_it_is_paged(self, as_: As, gateway: Gateway) -> None:
        made = [make_drift(gateway).resource_id for _ in range(60)]
        alice, seen, query = as_("alice"), [], ""
        for _ in range(4):
            page = page_of(alice.get(DRIFT + query))
            seen += re.findall(r">Route (r\d+)<", page)
            older = re.search(r'href="([^"]+)" rel="next"', page)
            if not older:
                break
            query = older[1].replace("&amp;", "&")

        assert seen == made[::-1]

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "holds what was approved, and nothing else"),
            ({"mirrored_at": None}, "was not read yet"),
        ],
    )
    def test_none_is_said_in_words(
        self, as_: As, people: Cast, fields: dict[str, Any], words: str
    ) -> None:
        make_gateway(**fields)

        assert words in page_of(as_("alice").get(DRIFT))

    def test_a_gateway_that_one_may_not_see_is_not_there(
        self, people: Cast, drift: Drift
    ) -> None:
        other = make_gateway("other")
        client = sign_in(make_person("gina", Role.ADMINISTRATOR, gateway=other))

        for address in (DRIFT, drift.get_absolute_url(), f"{DRIFT}rules/"):
            assert client.get(address).status_code == 404
        assert decide(client, drift, "adopt").status_code == 404
        assert client.get(f"/gateways/other/drift/{drift.pk}/").status_code == 404, (
            "by another gateway's address"
        )


class TestOne:
    def test_field_by_field_with_both_documents(self, as_: As, drift: Drift) -> None:
        page = page_of(as_("alice").get(drift.get_absolute_url()))

        assert '<del class="diff__value diff__before">/speaker/*</del>' in page
        assert '<ins class="diff__value diff__after">/*</ins>' in page
        assert "Approved → Live" in page
        assert 'href="/gateways/default/routes/conference/"' in page

    def test_what_is_gone_is_no_link(self, as_: As, gateway: Gateway) -> None:
        drift = make_drift(gateway, resource_id="lost", baseline=route_document())

        page = page_of(as_("alice").get(drift.get_absolute_url()))

        assert "/routes/lost/" not in page
        assert "<code>lost</code>" in page

    @pytest.mark.parametrize(
        ("name", "sees"),
        [
            ("alice", ["Ask to undo it"]),
            ("riley", ["Ask to undo it"]),
            ("omar", ["Ask to undo it", "Accept it", "Ignore it"]),
            ("audrey", []),
        ],
    )
    def test_everybody_sees_what_they_may_do(
        self, as_: As, drift: Drift, name: str, sees: list[str]
    ) -> None:
        page = page_of(as_(name).get(drift.get_absolute_url()))

        assert buttons(page) == sees
        assert ("Or make a rule" in page) is (name == "admin")

    @pytest.mark.parametrize("state", ["adopted", "reverted", "gone"])
    def test_when_it_is_over_nothing_is_left_to_do(
        self, as_: As, gateway: Gateway, state: str
    ) -> None:
        drift = make_drift(gateway, state=state)

        page = page_of(as_("omar").get(drift.get_absolute_url()))

        assert buttons(page) == []
        assert "Nothing is left to decide" in page

    def test_it_names_the_change_that_asks_to_undo_it(
        self, as_: As, people: Cast, gateway: Gateway
    ) -> None:
        change = make_change(gateway=gateway, author=people.alice)
        drift = make_drift(gateway, change=change)

        page = page_of(as_("alice").get(drift.get_absolute_url()))

        assert f'<a href="/changes/{change.number}/">#{change.number}</a> asks' in page
        assert buttons(page) == []

    def test_what_others_wrote_is_no_markup(self, as_: As, gateway: Gateway) -> None:
        live = route_document(desc="<b>bold</b>\u202e", labels={"team": "<i>"})
        drift = make_drift(gateway, live=live, baseline=route_document(), owner="<i>")

        for address in (DRIFT, drift.get_absolute_url()):
            page = page_of(as_("alice").get(address))
            assert "<b>bold" not in page
            assert "<i>" not in page
            assert "\u202e" not in page

    def test_queries(
        self,
        as_: As,
        drift: Drift,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = as_("omar")
        client.get(drift.get_absolute_url())

        with django_assert_max_num_queries(12):
            client.get(drift.get_absolute_url())


class TestDeciding:
    @pytest.mark.parametrize(
        ("name", "state"), [("adopt", "adopted"), ("ignore", "ignored")]
    )
    def test_an_operator_decides(
        self, as_: As, drift: Drift, name: str, state: str
    ) -> None:
        omar = as_("omar")

        response = decide(omar, drift, name)

        assert response["Location"] == drift.get_absolute_url()
        drift.refresh_from_db()
        assert (drift.state, drift.reason) == (state, "It is fine.")
        page = page_of(omar.get(drift.get_absolute_url()))
        assert "It is fine." in page
        assert "omar" in page

    @pytest.mark.parametrize("name", ["adopt", "ignore"])
    def test_an_author_is_told_no(self, as_: As, drift: Drift, name: str) -> None:
        response = decide(as_("alice"), drift, name)

        assert response.status_code == 403
        assert "Ask an administrator" in page_of(response)
        drift.refresh_from_db()
        assert drift.state == DriftState.OPEN

    @pytest.mark.parametrize("reason", ["", "x" * 5_001])
    def test_the_reason_is_asked_for_beside_the_field(
        self, as_: As, drift: Drift, reason: str
    ) -> None:
        response = decide(as_("omar"), drift, "adopt", reason=reason)

        assert response.status_code == 400
        assert '<p class="field__error">' in page_of(response)
        drift.refresh_from_db()
        assert drift.state == DriftState.OPEN

    def test_what_moved_since_is_shown_anew_with_what_was_typed(
        self, as_: As, drift: Drift
    ) -> None:
        response = decide(as_("omar"), drift, "adopt", seen="0" * 64)

        page = page_of(response)
        assert response.status_code == 409
        assert "changed again since you looked" in page
        assert f'name="seen" value="{drift.live_digest}"' in page
        assert ">\nIt is fine.</textarea>" in page

    def test_a_get_leads_to_the_page(self, as_: As, drift: Drift) -> None:
        response = as_("omar").get(f"{drift.get_absolute_url()}adopt/")

        assert response["Location"] == drift.get_absolute_url()
        drift.refresh_from_db()
        assert drift.state == DriftState.OPEN

    def test_a_gateway_that_is_down_says_so(self, as_: As, drift: Drift) -> None:
        Gateway.objects.update(admin_url="http://127.0.0.1:1")

        response = decide(as_("alice"), drift, "revert")

        assert response.status_code == 503
        assert "nothing was stored" in page_of(response)
        assert not ChangeRequest.objects.exists()


class TestUndoing:
    @pytest.fixture
    def desk(self, db: None, sandbox: SandboxGateway) -> Watched:
        desk = watched(sandbox)
        desk.outside("route", "a", conference(uri="/a"))
        desk.scan()
        desk.outside("route", "a", conference(uri="/elsewhere"))
        desk.scan()
        return desk

    def test_it_leads_to_the_change_and_is_undone_by_it(self, desk: Watched) -> None:
        alice, drift = sign_in(desk.people.alice), Drift.objects.get()

        response = decide(alice, drift, "revert")

        change = ChangeRequest.objects.get()
        assert response["Location"] == change.get_absolute_url()
        assert "asked by Drift" in re.sub(
            r"<[^>]+>", "", page_of(alice.get(change.get_absolute_url()))
        )
        desk.approve(change)
        desk.deliver(change)
        assert change.state == State.APPLIED
        assert desk.live("a")["uri"] == "/a"
        page = page_of(alice.get(drift.get_absolute_url()))
        assert 'state--reverted">Reverted<' in page


class TestBadges:
    def test_where_a_gateway_is_its_open_drifts_are_counted(
        self, as_: As, gateway: Gateway, drift: Drift
    ) -> None:
        make_drift(gateway)
        make_drift(gateway, state=DriftState.IGNORED)
        alice = as_("alice")

        assert f'<a href="{DRIFT}">2 drifts</a>' in page_of(alice.get("/"))
        assert f'<a href="{DRIFT}">2<' in page_of(alice.get("/gateways/"))
        routes = page_of(alice.get("/gateways/default/routes/"))
        assert 'Drift <span class="tabs__count">2</span>' in routes

    def test_without_any_there_is_none(self, as_: As, gateway: Gateway) -> None:
        alice = as_("alice")

        assert DRIFT not in page_of(alice.get("/"))
        routes = page_of(alice.get("/gateways/default/routes/"))
        assert f'href="{DRIFT}">Drift</a>' in routes

    def test_the_resource_s_page_says_so(
        self, as_: As, gateway: Gateway, drift: Drift
    ) -> None:
        lost = make_drift(gateway, resource_id="lost", baseline=route_document())
        alice = as_("alice")

        for one in (drift, lost):
            page = page_of(alice.get(f"/gateways/default/routes/{one.resource_id}/"))
            assert f'href="{one.get_absolute_url()}"' in page

    def test_the_audit_leads_there(self, as_: As, gateway: Gateway) -> None:
        drift = make_drift(gateway)
        omar = as_("omar")
        decide(omar, drift, "ignore")

        assert f'href="{drift.get_absolute_url()}"' in page_of(omar.get("/audit/"))


class TestRules:
    def make(self, client: Client, **fields: str) -> HttpResponse:
        return client.post(
            f"{DRIFT}rules/", {"resource_id": "test-*", "reason": "Tests."} | fields
        )

    def test_an_administrator_makes_one_and_removes_it(
        self, as_: As, gateway: Gateway
    ) -> None:
        admin = as_("admin")
        drift = make_drift(gateway, resource_id="test-1")

        assert self.make(admin)["Location"] == f"{DRIFT}rules/"

        rule = DriftRule.objects.get()
        assert (rule.gateway, rule.resource_id) == (gateway, "test-*")
        drift.refresh_from_db()
        assert drift.state == DriftState.IGNORED
        page = page_of(admin.get(f"{DRIFT}rules/"))
        assert "anything test-* on default" in page
        assert "anything test-* on default" in page_of(
            admin.get(drift.get_absolute_url())
        )

        admin.post(f"{DRIFT}rules/{rule.pk}/remove/")

        assert not DriftRule.objects.exists()

    def test_for_all_gateways(self, as_: As, gateway: Gateway) -> None:
        self.make(as_("admin"), everywhere="on")

        assert DriftRule.objects.get().gateway is None

    def test_of_one_gateway_only_that_one(self, gateway: Gateway) -> None:
        client = sign_in(make_person("gina", Role.ADMINISTRATOR, gateway=gateway))
        DriftRule.objects.create(kind="ssl", reason="x", author=make_person())

        page = page_of(client.get(f"{DRIFT}rules/"))
        self.make(client, everywhere="on")

        assert "On all gateways" not in page
        assert "/remove/" not in page, "somebody else's rule for all gateways"
        assert DriftRule.objects.get(resource_id="test-*").gateway == gateway

    def test_others_read_and_are_told_no(self, as_: As, gateway: Gateway) -> None:
        rule = DriftRule.objects.create(
            gateway=gateway,
            kind="ssl",
            reason="Renewed by a robot.",
            author=make_person(),
        )
        omar = as_("omar")

        page = page_of(omar.get(f"{DRIFT}rules/"))

        assert "Renewed by a robot." in page
        assert "Make rule" not in page
        assert self.make(omar).status_code == 403
        assert omar.post(f"{DRIFT}rules/{rule.pk}/remove/").status_code == 403
        assert DriftRule.objects.get() == rule

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"resource_id": ""}, "This would ignore everything"),
            ({"reason": ""}, "This field is required"),
            ({"kind": "nonsense"}, "Select a valid choice"),
            ({"label": "x" * 300}, "at most 200 characters"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field(
        self, as_: As, gateway: Gateway, fields: dict[str, str], words: str
    ) -> None:
        response = self.make(as_("admin"), **fields)

        assert response.status_code == 400
        assert re.search(rf'field__error">.*{words}', page_of(response))
        assert not DriftRule.objects.exists()

    def test_a_drift_suggests_one(self, as_: As, gateway: Gateway) -> None:
        drift = make_drift(gateway, resource_id="a/b&c")
        admin = as_("admin")

        found = re.search(
            r'href="([^"]+)">Or make a rule',
            page_of(admin.get(drift.get_absolute_url())),
        )

        assert found is not None
        page = page_of(admin.get(found[1].replace("&amp;", "&")))
        assert 'value="a/b&amp;c"' in page
        assert '<option value="route" selected>' in page

    def test_a_rule_of_another_gateway_is_not_there(
        self, as_: As, gateway: Gateway
    ) -> None:
        rule = DriftRule.objects.create(
            gateway=make_gateway("other"), kind="ssl", reason="x", author=make_person()
        )

        response = as_("admin").post(f"{DRIFT}rules/{rule.pk}/remove/")

        assert response.status_code == 404
        assert DriftRule.objects.exists()
