"""Rules about hosts and addresses look at what routes need of a change, too."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.models import Facet, Gateway
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.models import ChangeRequest
from portal.changes.quorum import standing
from portal.changes.review import approve
from portal.changes.rules.reach import reach_of
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk
from tests.changes.rules.test_deciding import put_in_force
from tests.factories import Cast, make_change, make_gateway, make_resource

pytestmark = pytest.mark.django_db

NODES = {"type": "roundrobin", "nodes": {"10.0.0.5:80": 1}}
SHOP: dict[str, Any] = {
    "name": "Shop",
    "when": {"hosts": ["shop.example.com"]},
    "needs": [{"approvals": 2}],
}
PAY: dict[str, Any] = SHOP | {"name": "Pay", "when": {"uris": ["/pay/*"]}}
SPLIT = {
    "plugins": {
        "traffic-split": {
            "rules": [{"weighted_upstreams": [{"upstream_id": "u", "weight": 1}]}]
        }
    }
}
# What is there beside upstream u: {name: [(kind, id, document)]}.
USES: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "a route": [("route", "r", {"host": "shop.example.com", "upstream_id": "u"})],
    "a route on all hosts": [("route", "r", {"upstream_id": "u"})],
    "a route on hosts of its service": [
        ("service", "s", {"hosts": ["Shop.Example.com"], "upstream_id": "u"}),
        ("route", "r", {"service_id": "s"}),
    ],
    "a route with other hosts than its service": [
        ("service", "s", {"hosts": ["a.example.com"], "upstream_id": "u"}),
        ("route", "r", {"hosts": ["*.example.com"], "service_id": "s"}),
    ],
    "a plugin config": [
        ("plugin_config", "p", SPLIT),
        ("route", "r", {"host": "shop.example.com", "plugin_config_id": "p"}),
    ],
    "a global rule": [("global_rule", "g", SPLIT)],
}
NOT_USES = {
    "nothing": [],
    "another host": [("route", "r", {"host": "a.example.com", "upstream_id": "u"})],
    "another upstream": [("route", "r", {"host": "shop.example.com"})],
    "a stream": [("stream_route", "t", {"upstream_id": "u"})],
}


@pytest.fixture
def gateway(db: None) -> Gateway:
    return make_gateway()


def holding(gateway: Gateway, *resources: tuple[str, str, dict[str, Any]]) -> None:
    make_resource(gateway, "upstream", "u", NODES)
    for kind, name, document in resources:
        place = {"uri": "/pay/cards"} if kind == "route" else {}
        make_resource(gateway, kind, name, place | document)


def changed(
    gateway: Gateway, people: Cast, kind: str = "upstream", name: str = "u"
) -> ChangeRequest:
    wanted = NODES | {"nodes": {"10.0.0.6:80": 1}}
    item = {"action": "update", "kind": kind, "resource_id": name}
    return make_change(
        gateway=gateway,
        author=people.alice,
        items=[item | {"base": NODES, "wanted": wanted}],
    )


@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize("rule", [SHOP, PAY], ids=["host", "uri"])
@pytest.mark.parametrize("uses", USES)
def test_who_changes_an_upstream_changes_what_is_served_by_it(
    gateway: Gateway, people: Cast, uses: str, rule: dict[str, Any]
) -> None:
    holding(gateway, *USES[uses])
    put_in_force(rule)

    stand = standing(changed(gateway, people))

    assert (stand.required, stand.demand.reached) == (2, (rule["name"],))


@pytest.mark.parametrize("uses", NOT_USES)
def test_and_nothing_else(gateway: Gateway, people: Cast, uses: str) -> None:
    holding(gateway, *NOT_USES[uses])
    put_in_force(SHOP)

    assert standing(changed(gateway, people)).required == 1


@pytest.mark.parametrize("kind", ["service", "plugin_config"])
def test_so_does_who_changes_what_lends_to_its_routes(
    gateway: Gateway, people: Cast, kind: str
) -> None:
    """Of a service for other hosts as well: the route's own are what counts."""
    held = {"hosts": ["a.example.com"]} if kind == "service" else {}
    route = {"host": "shop.example.com", f"{kind}_id": "x"}
    holding(gateway, (kind, "x", held), ("route", "r", route))
    put_in_force(SHOP)
    both = NODES | held
    item = {"action": "update", "kind": kind, "resource_id": "x", "base": both}
    change = make_change(
        gateway=gateway,
        author=people.alice,
        items=[item | {"wanted": both | {"desc": "x"}}],
    )

    assert standing(change).demand.reached == ("Shop",)


def test_no_rule_lets_pass_by_what_routes_are_on(
    gateway: Gateway, people: Cast
) -> None:
    holding(gateway, *USES["a route"])
    passing = SHOP | {"needs": [], "no_approval": True}
    passing["when"] = passing["when"] | {"channels": ["portal"]}
    put_in_force(passing)

    assert standing(changed(gateway, people)).passed_by == ""


def test_what_was_on_it_when_it_was_approved_counts_at_the_delivery(
    desk: Desk,
) -> None:
    desk.applied(
        ItemAsked(action="create", kind="upstream", id="u", document=dict(NODES))
    )
    put_in_force(SHOP)
    other = NODES | {"nodes": {"10.0.0.6:80": 1}}
    change = desk.ask(
        ItemAsked(action="update", kind="upstream", id="u", document=other)
    )
    desk.approve(change)
    make_resource(desk.gateway, *USES["a route"][0])

    assert desk.deliver(change).state == State.APPLIED


def test_two_who_approved_for_its_routes_are_written_down(
    gateway: Gateway, people: Cast
) -> None:
    holding(gateway, *USES["a route"])
    put_in_force(SHOP)
    change = changed(gateway, people)

    for person in (people.riley, people.omar):
        approve(change.latest_revision(), actor=present(person))
    Facet.objects.all().delete()

    change.refresh_from_db()
    stand = standing(change)
    assert (change.state, stand.given, stand.required) == (State.APPROVED, 2, 2)
    told = AuditEvent.objects.filter(event="change.approved").first()
    assert told
    assert told.details["rules_by_routes"] == ["Shop"]


def test_it_is_asked_for_by_the_index_however_much_there_is(
    gateway: Gateway, people: Cast
) -> None:
    holding(gateway, *USES["a route on hosts of its service"])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            reach_of(gateway, [("upstream", "u"), ("plugin_config", "p")])
        return len(queries)

    few = asked()
    for number in range(20):
        make_resource(gateway, "service", f"s{number}", {"upstream_id": "u"})
        make_resource(gateway, "route", f"r{number}", {"service_id": f"s{number}"})

    assert asked() == few == 5
