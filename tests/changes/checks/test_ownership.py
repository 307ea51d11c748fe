"""A team asks for its own part of a gateway: on both sides of a change, at every door."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from gateway.admin_api.request import Address
from gateway.admin_api.write import Write
from gateway.kinds import KINDS
from portal.accounts.models import Membership, Ownership, Person
from portal.accounts.roles import Role
from portal.changes.asked import ItemAsked
from portal.changes.errors import NotOwned
from portal.changes.gather import gather
from portal.changes.models import ChangeRequest
from portal.changes.propose import draft, preview, propose, revise
from tests.actors import present, program
from tests.changes.checks.looking import create, delete, route, update, upstream
from tests.changes.conftest import Desk
from tests.factories import make_person

SHOP = {"host": "shop.example.com", "uri": "/goods/*"}
PAY = {"host": "pay.example.com", "uri": "/*"}


def owning(name: str, **fields: Any) -> Group:
    group, _ = Group.objects.get_or_create(name=name)
    Membership.objects.get_or_create(group=group, role=Role.AUTHOR)
    Ownership.objects.create(group=group, **fields)
    return group


@pytest.fixture
def sam(desk: Desk) -> Person:
    """In team shop, which owns all of a host, /cart on every host, and a label."""
    sam = make_person("sam")
    owning("shop", host="shop.example.com")
    owning("shop", uri_prefix="/cart/")
    sam.groups.add(owning("shop", labels={"team": "shop"}))
    owning("pay", host="pay.example.com")
    put = desk.sandbox.put
    put("route", "ours", route(**SHOP))
    put("route", "theirs", route(**PAY))
    put("route", "marked", route(host="old.example.com", labels={"team": "shop"}))
    put("upstream", "shared", upstream("a:1"))
    put("upstream", "own", upstream("b:1"))
    put("upstream", "marked", upstream("c:1", labels={"team": "shop"}))
    put("upstream", "idle", upstream("d:1"))
    put("service", "shop", {"upstream_id": "shared", "hosts": ["shop.example.com"]})
    for name, host in (("shop", "shop"), ("pay", "pay")):
        by = {"upstream": None, "upstream_id": "shared"}
        document = route(host=f"{host}.example.com", uri="/by-upstream") | by
        del document["upstream"]
        put("route", f"{name}-shared", document)
    own = route(**SHOP) | {"upstream_id": "own"}
    del own["upstream"]
    put("route", "by-own", own)
    by_service = {"uri": "/of-service", "service_id": "shop"}
    put("route", "by-service", by_service)
    return sam


INSIDE = {
    "a route on the host": create("route", route(host="shop.example.com", uri="/x")),
    "a wildcard below the path": create("route", route(host="any.org", uri="/cart/*")),
    "the path itself": create("route", route(host="any.org", uri="/cart")),
    "any host below the path": create("route", route(host=None, uri="/cart/a")),
    "a change": update("route", {"uri": "/other"}, "ours"),
    "a deletion": delete("route", "ours"),
    "what bears the label": update("route", {"desc": "x"}, "marked"),
    "its deletion": delete("route", "marked"),
    "a route by its service": update("route", {"uri": "/still"}, "by-service"),
    "its service": update("service", {"name": "x"}, "shop"),
    "a new upstream": create("upstream", upstream("e:1")),
    "an upstream of own routes": update("upstream", {"retries": 1}, "own"),
    "a marked upstream": update("upstream", {"retries": 1}, "marked"),
    "another's upstream used": create(
        "route",
        {"uri": "/x", "host": "shop.example.com", "upstream_id": "shared"},
    ),
}
OUTSIDE = {
    "another's host": create("route", route(host="pay.example.com", uri="/x")),
    "a path that only begins so": create("route", route(host="any.org", uri="/carts")),
    "a wildcard beyond the path": create("route", route(host="a.org", uri="/cart*")),
    "any host": create("route", route(host=None, uri="/x")),
    "a wildcard host": create("route", route(host="*.example.com", uri="/x")),
    "one of several hosts": create(
        "route", route(host=None, hosts=["shop.example.com", "pay.example.com"])
    ),
    "one of several paths": create(
        "route", route(host="a.org", uri=None, uris=["/cart/a", "/b"])
    ),
    "a takeover": update("route", {"host": "shop.example.com"}, "theirs"),
    "a move out": update("route", {"host": "pay.example.com"}, "ours"),
    "another's deletion": delete("route", "theirs"),
    "a new route by its label": create(
        "route", route(host="old.example.com", labels={"team": "shop"})
    ),
    "a marked route moved": update("route", {"host": "pay.example.com"}, "marked"),
    "a label put on another's": update("route", {"labels": {"team": "shop"}}, "theirs"),
    "a label taken off": update("route", {"labels": None}, "marked"),
    "a shared upstream": update("upstream", {"retries": 1}, "shared"),
    "an upstream nobody needs": delete("upstream", "idle"),
    "a label put on an upstream": update(
        "upstream", {"labels": {"team": "shop"}}, "shared"
    ),
    "routes moved by their service": update(
        "service", {"hosts": ["pay.example.com"]}, "shop"
    ),
    "a global rule": create("global_rule", {"plugins": {"key-auth": {}}}),
    "a consumer by its label": create(
        "consumer", {"username": "new", "labels": {"team": "shop"}}
    ),
}


def asked(desk: Desk, item: ItemAsked) -> Any:
    document = item.document
    if document is not None:
        # What a helper gives and a case leaves out.
        document = {k: v for k, v in document.items() if v is not None}
    if item.action == "update":
        document = item.document
    return desk.asked(
        ItemAsked(action=item.action, kind=item.kind, id=item.id, document=document)
    )


def not_owned(desk: Desk, sam: Person, item: ItemAsked) -> list[str]:
    plan = preview(asked(desk, item), actor=present(sam))
    return [one.words for one in plan.findings if one.code == "not_owned"]


@pytest.mark.parametrize("case", INSIDE)
def test_what_lies_inside_may_be_asked_for(desk: Desk, sam: Person, case: str) -> None:
    assert not_owned(desk, sam, INSIDE[case]) == []


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_lies_outside_may_not(desk: Desk, sam: Person, case: str) -> None:
    with pytest.raises(NotOwned) as refused:
        propose(asked(desk, OUTSIDE[case]), actor=present(sam))

    assert refused.value.status == 403
    assert refused.value.field
    assert "shop.example.com/*" in str(refused.value)
    assert not ChangeRequest.objects.exists()


def test_it_says_who_owns_it_and_where(desk: Desk, sam: Person) -> None:
    with pytest.raises(NotOwned, match="group pay owns it") as refused:
        propose(asked(desk, OUTSIDE["a takeover"]), actor=program(sam))

    assert refused.value.field == "document.uri"
    assert refused.value.extra["findings"][0]["code"] == "not_owned"


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATOR, Role.ADMINISTRATOR])
def test_who_decides_is_not_bound(desk: Desk, sam: Person, role: Role) -> None:
    Membership.objects.create(group=sam.groups.get(), role=role)

    assert not_owned(desk, sam, OUTSIDE["a takeover"]) == []


def test_who_may_ask_by_themselves_is_not_bound(desk: Desk, sam: Person) -> None:
    Membership.objects.create(person=sam, role=Role.AUTHOR)

    assert not_owned(desk, sam, OUTSIDE["a takeover"]) == []


def test_a_group_without_parts_binds_nobody(desk: Desk, sam: Person) -> None:
    group = Group.objects.create(name="everything")
    Membership.objects.create(group=group, role=Role.AUTHOR)
    sam.groups.add(group)

    assert not_owned(desk, sam, OUTSIDE["a takeover"]) == []


def test_two_groups_own_together(desk: Desk, sam: Person) -> None:
    sam.groups.add(Group.objects.get(name="pay"))

    assert not_owned(desk, sam, OUTSIDE["a takeover"]) == []


def test_a_draft_is_kept_and_not_sent(desk: Desk, sam: Person) -> None:
    wanted = asked(desk, OUTSIDE["another's host"])
    kept = draft(wanted, actor=present(sam)).change

    with pytest.raises(NotOwned):
        revise(kept, wanted, actor=present(sam))

    kept.refresh_from_db()
    assert kept.state == "draft"


def test_the_admin_api_is_bound_too(desk: Desk, sam: Person) -> None:
    write = Write(
        method="PUT",
        address=Address(KINDS["route"], "theirs"),
        body=route(**SHOP),
        has_body=True,
    )

    with pytest.raises(NotOwned):
        gather(write, gateway=desk.gateway, actor=program(sam), reason="So.")

    assert not ChangeRequest.objects.exists()
