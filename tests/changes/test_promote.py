"""What one gateway holds, asked for on another, between two real sandboxes."""

from typing import Any

import pytest

from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.memberships import grant
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.errors import (
    Blocked,
    GatewayDown,
    Malformed,
    NoSuchResource,
    NothingToChange,
    WrongState,
)
from portal.changes.models import ChangeRequest
from portal.changes.promote import PromotionAsked, preview_promotion, promote
from portal.changes.propose import revise
from portal.changes.rebase import rebase
from portal.changes.states import State
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, refused
from tests.changes.delivering import (
    creates,
    deletes,
    events_of,
    route,
    updates,
    upstream,
)
from tests.factories import make_live_gateway, make_person
from tests.sandbox import SandboxGateway

STAGING = {"shop_host": "shop.staging.example.com", "orders": "10.0.0.7:8080"}
PRODUCTION = {"shop_host": "shop.example.com", "orders": "10.9.0.7:80"}
UPSTREAM = {"type": "roundrobin", "nodes": {"10.0.0.7:8080": 1}}
SHOP = {
    "uri": "/shop/*",
    "hosts": ["shop.staging.example.com"],
    "upstream_id": "orders",
}
SECRET, OTHER_SECRET = "the-secret-of-staging", "the-secret-of-production"


def jack(secret: str, **fields: Any) -> dict[str, Any]:
    return {"username": "jack", "plugins": {"key-auth": {"key": secret}}} | fields


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The desk's gateway is staging."""
    desk.gateway.variables = STAGING
    desk.gateway.save()
    return desk


@pytest.fixture
def production(desk: Desk, second_sandbox: SandboxGateway) -> Desk:
    gateway = make_live_gateway(
        second_sandbox,
        "production",
        variables=PRODUCTION,
    )
    return Desk(gateway, second_sandbox, desk.people)


def asked(desk: Desk, production: Desk, *picked: Any, **fields: Any) -> PromotionAsked:
    return PromotionAsked(
        source=desk.gateway,
        target=production.gateway,
        picked=tuple(picked),
        **{"reason": "It works on staging."} | fields,
    )


def go(desk: Desk, production: Desk, *picked: Any, **fields: Any) -> ChangeRequest:
    """Promote as alice, or as `actor`."""
    actor = fields.pop("actor", present(desk.people.alice))
    return promote(asked(desk, production, *picked, **fields), actor=actor).change


def items_of(change: ChangeRequest) -> list[str]:
    return [str(item) for item in change.latest_revision().items.all()]


def test_a_route_goes_along_with_what_it_refers_to(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("upstream", "orders", UPSTREAM)
    desk.sandbox.put("route", "shop", SHOP)

    change = go(desk, production, ("route", "shop"))

    assert items_of(change) == ["create upstream orders", "create route shop"]
    assert (change.gateway, change.channel) == (production.gateway, "promotion")
    assert change.promoted_from == desk.gateway
    assert production.live("shop") is None
    production.approve(change)
    production.deliver(change)
    assert change.state == State.APPLIED
    assert production.live("shop")["hosts"] == ["shop.example.com"]
    assert production.live("orders", "upstream")["nodes"] == {"10.9.0.7:80": 1}
    assert events_of(change)[0] == "change.submitted"
    # Afterwards nothing is left to promote, and nothing there differs but its own.
    with pytest.raises(NothingToChange):
        go(desk, production, ("route", "shop"), ("upstream", "orders"))


def test_what_the_target_holds_already_stays_unless_it_is_picked(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("upstream", "orders", UPSTREAM)
    desk.sandbox.put("route", "shop", SHOP)
    production.sandbox.put("upstream", "orders", UPSTREAM | {"retries": 3})

    plan, brought = preview_promotion(
        asked(desk, production, ("route", "shop")), actor=present(desk.people.alice)
    )
    both = go(desk, production, ("route", "shop"), ("upstream", "orders"))

    assert [item.id for item in plan.items] == ["shop"]
    assert (brought.along, brought.there) == ((), (("upstream", "orders"),))
    assert items_of(both) == ["update upstream orders", "create route shop"]


def test_references_stay_behind_when_that_is_asked(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("upstream", "orders", UPSTREAM)
    desk.sandbox.put("route", "shop", SHOP)

    with pytest.raises(Blocked) as refusal:
        go(desk, production, ("route", "shop"), with_references=False)

    assert refusal.value.field == "routes.shop.upstream_id"
    assert not ChangeRequest.objects.exists()


def test_a_chain_of_references_goes_along(desk: Desk, production: Desk) -> None:
    desk.sandbox.put("upstream", "orders", UPSTREAM)
    desk.sandbox.put("service", "s", {"upstream_id": "orders"})
    desk.sandbox.put("plugin_config", "p", {"plugins": {"cors": {}}})
    desk.sandbox.put("consumer_group", "g", {"plugins": {"cors": {}}})
    desk.sandbox.put("consumer", "jack", {"username": "jack", "group_id": "g"})
    credential = {"plugins": {"key-auth": {"key": "$env://JACK"}}}
    desk.sandbox.put("credential", "jack/credentials/c", credential)
    desk.sandbox.put(
        "route", "r", {"uri": "/r", "service_id": "s", "plugin_config_id": "p"}
    )

    change = go(desk, production, ("route", "r"), ("credential", "jack/credentials/c"))

    assert sorted(items_of(change)) == [
        "create consumer jack",
        "create consumer_group g",
        "create credential jack/credentials/c",
        "create plugin_config p",
        "create route r",
        "create service s",
        "create upstream orders",
    ]
    production.approve(change)
    production.deliver(change)
    assert change.state == State.APPLIED


def test_an_applied_change_is_promoted_as_a_whole(desk: Desk, production: Desk) -> None:
    for one in (desk, production):
        one.sandbox.put("route", "old", {"uri": "/old", "upstream": UPSTREAM})
    change = desk.applied(route("one"), deletes("route", "old"))

    filed = go(desk, production, change=change)

    assert items_of(filed) == ["create route one", "delete route old"]
    assert (filed.promoted_from, filed.promotes) == (desk.gateway, change)
    production.approve(filed)
    assert production.deliver(filed).state == State.APPLIED
    with pytest.raises(NothingToChange):
        go(desk, production, change=change)


def test_only_an_applied_change_of_the_source_is_promoted(
    desk: Desk, production: Desk
) -> None:
    change = desk.create()

    with pytest.raises(WrongState):
        go(desk, production, change=change)
    with pytest.raises(Malformed) as refusal:
        go(production, desk, change=change)
    assert refusal.value.field == "change"


def test_what_still_names_the_source_s_hosts_is_told_to_the_reviewer(
    desk: Desk, production: Desk
) -> None:
    production.gateway.variables = {"orders": "10.9.0.7:80"}
    production.gateway.save()
    shop = {"uri": "/shop/*", "hosts": SHOP["hosts"], "upstream": UPSTREAM}
    desk.sandbox.put("route", "shop", shop)

    change = go(desk, production, ("route", "shop"))

    (finding,) = [
        one
        for one in change.latest_revision().findings
        if one["code"] == "kept_as_it_is"
    ]
    assert finding["path"] == "hosts.0"
    assert "the target has no variable shop_host" in finding["words"]


def test_a_later_revision_and_a_rebase_tell_it_as_well(
    desk: Desk, production: Desk
) -> None:
    production.gateway.variables = {"orders": "10.9.0.7:80"}
    production.gateway.save()
    shop = {"uri": "/shop/*", "hosts": SHOP["hosts"], "upstream": UPSTREAM}
    desk.sandbox.put("route", "shop", shop)
    production.sandbox.put("route", "shop", {"uri": "/old/*", "upstream": UPSTREAM})
    change = go(desk, production, ("route", "shop"))
    alice = present(desk.people.alice)

    def told() -> list[str]:
        findings = change.latest_revision().findings
        return [f["path"] for f in findings if f["code"] == "kept_as_it_is"]

    revise(change, production.asked(updates("route", "shop", **shop)), actor=alice)
    assert told() == ["hosts.0", "upstream.nodes.10.0.0.7:8080"]

    production.sandbox.put(
        "route", "shop", {"uri": "/old/*", "desc": "x", "upstream": UPSTREAM}
    )
    rebase(change, actor=alice)
    assert told() == ["hosts.0", "upstream.nodes.10.0.0.7:8080"]

    by_hand = shop | {"hosts": ["shop.example.com"], "upstream": upstream()}
    revise(change, production.asked(updates("route", "shop", **by_hand)), actor=alice)
    assert told() == []


def test_the_target_s_own_secret_stays_for_who_may_not_export(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("consumer", "jack", jack(SECRET, desc="new"))
    production.sandbox.put("consumer", "jack", jack(OTHER_SECRET))

    change = go(desk, production, ("consumer", "jack"))
    production.approve(change)
    production.deliver(change)

    live = production.live("jack", "consumer")
    assert live["desc"] == "new"
    assert live["plugins"]["key-auth"]["key"] == OTHER_SECRET


def test_a_secret_that_the_target_lacks_is_told_as_lacking(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("consumer", "jack", jack(SECRET))

    for actor in (present(desk.people.alice), program(desk.people.alice)):
        with pytest.raises(Blocked) as refusal:
            go(desk, production, ("consumer", "jack"), actor=actor)
        (finding,) = [
            one
            for one in refusal.value.extra["findings"]
            if one["code"] == "secret_not_resolved"
        ]
        assert finding["field"] == "consumers.jack.plugins.key-auth.key"
    assert SECRET not in str(refusal.value.extra)


def test_who_may_export_brings_secrets_along_and_keys_that_we_hold(
    desk: Desk, production: Desk
) -> None:
    pair = self_signed("shop.staging.example.com")
    desk.applied(
        creates(
            "ssl",
            "shop",
            cert=pair.pem,
            key=pair.key_pem,
            snis=["shop.staging.example.com"],
        )
    )
    desk.sandbox.put("consumer", "jack", jack(SECRET))
    production.gateway.variables = STAGING
    production.gateway.save()
    picked = (("ssl", "shop"), ("consumer", "jack"))

    with pytest.raises(Blocked):
        go(desk, production, *picked)
    change = go(desk, production, *picked, actor=present(desk.people.admin))
    production.approve(change)
    production.deliver(change)

    assert change.state == State.APPLIED
    assert production.live("jack", "consumer")["plugins"]["key-auth"]["key"] == SECRET
    wanted = change.latest_revision().items.get(kind="ssl")
    assert wanted.whole_wanted()["key"] == pair.key_pem
    assert pair.key_pem not in str(wanted.wanted)
    # The same certificate: nothing to bring, whoever asks.
    with pytest.raises(NothingToChange):
        go(desk, production, ("ssl", "shop"))


def test_a_key_that_the_source_encrypted_for_itself_never_goes_along(
    desk: Desk, production: Desk
) -> None:
    pair = self_signed("client")
    tls = {"client_cert": pair.pem, "client_key": pair.key_pem}
    desk.sandbox.put("upstream", "orders", UPSTREAM | {"tls": tls})
    assert desk.live("orders", "upstream")["tls"]["client_key"] != pair.key_pem
    admin = present(desk.people.admin)

    with pytest.raises(Blocked) as refusal:
        go(desk, production, ("upstream", "orders"), actor=admin)
    (finding,) = [
        one
        for one in refusal.value.extra["findings"]
        if one["code"] == "secret_not_resolved"
    ]
    assert finding["field"] == "upstreams.orders.tls.client_key"

    production.sandbox.put("upstream", "orders", {"nodes": {"a:1": 1}, "tls": tls})
    change = go(desk, production, ("upstream", "orders"), actor=admin)
    item = change.latest_revision().items.get()
    assert item.whole_wanted()["tls"] == item.whole_base()["tls"]


def test_one_must_see_the_source_and_may_ask_on_the_target(
    desk: Desk, production: Desk
) -> None:
    desk.sandbox.put("route", "one", {"uri": "/one", "upstream": UPSTREAM})
    only_there = make_person("pia", Role.AUTHOR, gateway=production.gateway)
    only_here = make_person("stan", Role.AUTHOR, gateway=desk.gateway)
    one = ("route", "one")

    for person, error in (
        (only_there, NotVisible),
        (only_here, NotVisible),
        (desk.people.audrey, NotAllowed),
    ):
        refused(error, lambda who=person: go(desk, production, one, actor=present(who)))
    for person in (only_there, only_here):
        with pytest.raises(NotVisible):
            preview_promotion(asked(desk, production, one), actor=present(person))
    viewer = Membership(person=only_there, role=Role.VIEWER, gateway=desk.gateway)
    grant(viewer, reason="To promote.", actor=present(desk.people.admin))
    assert go(desk, production, one, actor=present(only_there)).author == only_there


def test_what_makes_no_sense_is_refused(desk: Desk, production: Desk) -> None:
    change = desk.applied(route("one"))

    for fields, picked, field in (
        ({}, [], "items"),
        ({"change": change}, [("route", "one")], "items"),
        ({}, [("route", "one"), ("house", "one")], "items.1"),
        ({}, [("route", "a/b")], "items.0"),
        ({"reason": " "}, [("route", "one")], "reason"),
    ):
        with pytest.raises(Malformed) as refusal:
            go(desk, production, *picked, **fields)
        assert refusal.value.field == field
    with pytest.raises(Malformed) as refusal:
        go(desk, desk, ("route", "one"))
    assert refusal.value.field == "from"
    with pytest.raises(NoSuchResource) as missing:
        go(desk, production, ("route", "two"))
    assert missing.value.field == "items.0.id"
    assert ChangeRequest.objects.count() == 1


@pytest.mark.parametrize("which", ["source", "target"])
def test_a_gateway_that_is_down_is_named(
    desk: Desk, production: Desk, which: str
) -> None:
    desk.sandbox.put("route", "one", {"uri": "/one", "upstream": UPSTREAM})
    down, field = (desk, "from") if which == "source" else (production, "gateway")
    down.sandbox.stop()

    with pytest.raises(GatewayDown, match=f"Gateway {down.gateway.slug} ") as refusal:
        go(desk, production, ("route", "one"))

    assert refusal.value.field == field
    assert not ChangeRequest.objects.exists()


def test_asked_twice_is_one_change(desk: Desk, production: Desk) -> None:
    desk.sandbox.put("route", "one", {"uri": "/one", "upstream": UPSTREAM})
    one = ("route", "one")

    first = go(desk, production, one)
    assert go(desk, production, one) == first
    keyed = go(desk, production, one, idempotency_key="k1")
    assert keyed != first
    # With its key it is the same request, though the source moved on.
    desk.applied(updates("route", "one", desc="newer"))
    assert go(desk, production, one, idempotency_key="k1") == keyed
    assert go(desk, production, one) != first


def test_the_ledger_says_where_it_comes_from(desk: Desk, production: Desk) -> None:
    change = desk.applied(route("one"))
    go(desk, production, change=change)

    details = AuditEvent.objects.latest("number").details
    assert (details["promoted_from"], details["promotes"]) == ("default", change.pk)
