"""The page of the review rules: read, try, and write others, without JavaScript."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.accounts.models import PolicyChange, PolicyState
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest, RuleSet
from portal.changes.rules.examples import EXAMPLES
from tests.changes.rules.test_deciding import SECURITY, TRIVIAL, member, put_in_force
from tests.factories import Cast, make_gateway, make_person
from tests.web.conftest import sign_in
from tests.web.gateways.test_freezes import As

TWO = {"name": "Two", "when": {"kinds": ["route"]}, "needs": [{"approvals": 2}]}
FIELDS = {
    "name": "Pay",
    "uris": "/pay/*, /buy",
    "needs": "1 from security\n2\n1 from the owners, else security",
}


@pytest.fixture
def groups(people: Cast) -> None:
    member(people.riley, "security")
    member(people.omar, "owners")


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def step(client: Client, do: str, rules: Any = (), **fields: Any) -> Any:
    """Press a button of the page that edits, with a working copy."""
    sent = {"do": do, "rules": json.dumps(list(rules)), "begun_as": "0"} | fields
    return client.post("/rules/edit/", sent)


def copy_in(response: Any) -> list[dict[str, Any]]:
    return json.loads(response.context["copy"].as_json)


def test_every_role_reads_them_as_sentences(people: Cast, groups: None) -> None:
    put_in_force(SECURITY, TRIVIAL)
    for role in Role:
        page = text(sign_in(make_person(role=role)), "/rules/")
        assert "When the address begins with /speaker/*" in page
        assert "1 approval from group security" in page
        assert "no approval is needed, unless a warning stands" in page
        assert ("/rules/edit/" in page) is (role is Role.ADMINISTRATOR)
    assert sign_in(make_person()).get("/rules/").status_code == 403


def test_without_rules_the_page_says_what_counts(as_: As, gateway: Gateway) -> None:
    assert "every change needs as many approvals as its gateway" in text(
        as_("audrey"), "/rules/"
    )


def test_nobody_learns_of_gateways_they_may_not_see(
    people: Cast, gateway: Gateway
) -> None:
    make_gateway("hidden-one")
    both = TWO | {"name": "Both", "when": {"gateways": ["default", "hidden-one"]}}
    put_in_force(TWO | {"name": "Unseen", "when": {"gateways": ["hidden-one"]}}, both)
    client = sign_in(make_person(role=Role.AUTHOR, gateway=gateway))

    for address in ("/rules/", "/rules/?version=1"):
        page = text(client, address)
        assert "Both" in page
        assert "Unseen" not in page
        assert "hidden-one" not in page
        assert "1 more for gateways that you may not see" in page


def test_versions_are_kept_and_told(as_: As, people: Cast) -> None:
    put_in_force(TWO)
    put_in_force(TWO | {"needs": [{"approvals": 3}]})

    first, second = (
        text(as_("alice"), "/rules/?version=1"),
        text(as_("alice"), "/rules/"),
    )
    assert "2 approvals from any reviewer" in first
    assert "This version no longer counts." in first
    assert "Rule “Two” becomes" in second
    assert "accepted by ben" in second
    text(as_("alice"), "/rules/?version=9", 404)
    text(as_("alice"), "/rules/?version=x", 404)


def test_it_is_tried_on_a_change_and_on_what_one_describes(
    as_: As, change: ChangeRequest, groups: None
) -> None:
    put_in_force(SECURITY)
    alice = as_("alice")

    page = text(alice, f"/rules/?try=yes&change=%23{change.pk}")
    assert f"Change #{change.pk}" in page
    assert "By the rules Guarded." in page
    described = "/rules/?try=yes&gateway=default&channel=api&kind=route&action=create"
    page = text(alice, described + "&document=%7B%22uri%22%3A%22%2Fother%22%7D")
    assert "No rule fits" in page
    assert "1 approval from any reviewer" in page


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("change=99999", "change"),
        ("change=x", "change"),
        ("gateway=no", "gateway"),
        (
            "gateway=default&kind=route&action=create&channel=api&document=[]",
            "document",
        ),
        ("gateway=default&kind=route&action=create&channel=api&document={", "document"),
        ("gateway=default&kind=router", "kind"),
    ],
)
def test_what_cannot_be_tried_is_said_beside_its_field(
    as_: As, gateway: Gateway, query: str, field: str
) -> None:
    response = as_("alice").get(f"/rules/?try=yes&{query}")
    assert response.status_code == 400
    assert field in response.context["form"].errors


def test_an_administrator_writes_them_step_by_step(as_: As, groups: None) -> None:
    admin = as_("admin")
    begun = admin.get("/rules/edit/")
    assert copy_in(begun) == []
    assert "New rule" in step(admin, "add").content.decode()
    one = copy_in(step(admin, "keep:0", **FIELDS))
    assert one == [
        {
            "name": "Pay",
            "when": {"uris": ["/pay/*", "/buy"]},
            "needs": [
                {"approvals": 1, "groups": ["security"]},
                {"approvals": 2, "groups": []},
                {"approvals": 1, "groups": ["security"], "owners": True},
            ],
            "last_editor_counts": False,
        }
    ]
    both = copy_in(step(admin, "json", json=json.dumps([*one, TWO])))
    assert [rule["name"] for rule in both] == ["Pay", "Two"]
    turned = copy_in(step(admin, "down:0", both))
    assert [rule["name"] for rule in turned] == ["Two", "Pay"]
    assert copy_in(step(admin, "up:1", turned)) == both
    opened = step(admin, "edit:0", both)
    assert opened.context["copy"].form.initial["needs"] == FIELDS["needs"]
    assert [rule["name"] for rule in copy_in(step(admin, "remove:0", both))] == ["Two"]
    assert not PolicyChange.objects.exists()

    done = step(admin, "ask", both, reason="Payments.")

    change = PolicyChange.objects.get()
    assert done.status_code == 302
    assert done["Location"] == change.get_absolute_url()
    assert change.alone == "there is no second administrator"
    assert [rule["name"] for rule in RuleSet.objects.get().rules] == ["Pay", "Two"]
    page = text(admin, change.get_absolute_url())
    assert "Rule “Pay” comes" in page


def test_an_example_is_a_rule_to_begin_with(as_: As, groups: None) -> None:
    admin = as_("admin")
    assert "Begin with an example" in text(admin, "/rules/edit/")

    opened = step(admin, "example:Owners agree")

    form = opened.context["copy"].form
    assert form.initial["needs"] == "1 from the owners"
    assert "Begin with an example" not in opened.content.decode()
    kept = step(admin, "keep:0", **{"name": form.initial["name"], "needs": "1"})
    assert [one["name"] for one in copy_in(kept)] == ["Owners agree"]
    beside = [shown.rule.name for shown in kept.context["copy"].examples]
    assert beside == [one.name for one in EXAMPLES if one.name != "Owners agree"]
    assert step(admin, "example:nonsense").context["copy"].form.initial == {}


def test_with_two_administrators_it_waits_and_stands_on_the_page(
    as_: As, people: Cast
) -> None:
    ada = make_person("ada", Role.ADMINISTRATOR)
    step(sign_in(ada), "ask", [TRIVIAL], reason="Less waiting.")
    change = PolicyChange.objects.get()
    assert change.state == PolicyState.OPEN
    assert change.get_absolute_url() in text(as_("admin"), "/rules/")
    assert change.get_absolute_url() not in text(as_("alice"), "/rules/")

    as_("admin").post(f"{change.get_absolute_url()}accept/")

    assert RuleSet.objects.get().rules == [TRIVIAL]


@pytest.mark.parametrize(
    ("do", "fields", "words", "status"),
    [
        ("ask", {"rules": "{"}, "", 400),
        ("ask", {"rules": "[{}]"}, "rules.0.name", 400),
        ("ask", {"rules": json.dumps([TWO])}, "Say why", 400),
        (
            "ask",
            {"rules": json.dumps([TWO]), "reason": "So.", "begun_as": "7"},
            "",
            409,
        ),
        ("ask", {"rules": json.dumps([TRIVIAL]), "reason": "So."}, "Two people", 409),
        ("json", {"json": "nonsense"}, "", 400),
        ("keep:0", FIELDS | {"needs": "two"}, "is not understood", 400),
        ("keep:0", FIELDS | {"name": ""}, "required", 400),
        ("keep:0", FIELDS | {"no_approval": "on"}, "needs nothing else", 400),
        ("keep:0", {"name": "x", "no_approval": "on"}, "channels", 400),
        ("keep:1", {"name": "Two", "needs": "1", "rules": json.dumps([TWO])}, "", 400),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    as_: As, people: Cast, do: str, fields: Any, words: str, status: int
) -> None:
    sent = {"do": do, "rules": "[]", "begun_as": "0", "last_editor_counts": "on"}
    response = as_("admin").post("/rules/edit/", sent | fields)

    assert response.status_code == status
    assert words in response.content.decode()
    assert not PolicyChange.objects.exists()


def test_only_administrators_of_all_gateways_write_them(
    people: Cast, gateway: Gateway
) -> None:
    local = make_person(role=Role.ADMINISTRATOR, gateway=gateway)
    for person in (people.omar, people.audrey, local):
        client = sign_in(person)
        assert client.get("/rules/edit/").status_code == 403
        assert step(client, "ask", [TWO], reason="So.").status_code == 403


def test_the_page_asks_little(
    as_: As,
    change: ChangeRequest,
    groups: None,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for count in range(1, 6):
        put_in_force(SECURITY, TWO | {"needs": [{"approvals": count}]})
    client = as_("alice")
    with django_assert_max_num_queries(12):
        text(client, "/rules/")


def test_a_change_says_which_rules_it_meets_and_who_can_give_what_is_missing(
    as_: As, change: ChangeRequest, people: Cast, groups: None
) -> None:
    put_in_force(SECURITY)
    page = text(as_("alice"), change.get_absolute_url())
    assert "1 approval from group security" in page
    assert "riley can give it" in page
    assert "Guarded</span>: When the address begins with /speaker/*" in page
    assert 'href="/rules/?version=1"' in page
    people.riley.groups.clear()
    page = text(as_("omar"), change.get_absolute_url())
    assert "Nobody can give it now." in page
    assert "Approve revision" in page
    page = text(as_("admin"), change.get_absolute_url())
    assert "An approval of yours would not count: missing is" in page
    assert "Approve revision" not in page
    assert "Reject" in page
