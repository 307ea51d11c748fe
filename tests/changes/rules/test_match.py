"""Which rules fit which change. Those that ask fit in doubt; those that let pass do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.models import PRODUCTION
from portal.changes.errors import Malformed
from portal.changes.rules.facts import Facts, ItemFacts
from portal.changes.rules.match import fits
from portal.changes.rules.rule import Rule, rule_of, rules_of
from portal.changes.rules.words import rule_words

ROUTE = {
    "name": "cart",
    "host": "shop.example.com",
    "uri": "/cart/*",
    "labels": {"team": "shop"},
    "plugins": {"limit-count": {"count": 100}},
}


def asking(**when: Any) -> Rule:
    return rule_of({"name": "asks", "when": when, "needs": [{"approvals": 2}]})


def passing(**when: Any) -> Rule:
    more = {"despite_warnings": when.pop("despite_warnings", False)}
    return rule_of(
        {
            "name": "passes",
            "when": {"channels": ["portal"]} | when,
            "no_approval": True,
            **more,
        }
    )


def item(
    base: dict[str, Any] | None = None,
    wanted: dict[str, Any] | None = None,
    kind: str = "route",
) -> ItemFacts:
    action = "create" if base is None else "delete" if wanted is None else "update"
    return ItemFacts.of(kind, action, "cart", base, wanted)


def facts(*items: ItemFacts, **fields: Any) -> Facts:
    values: dict[str, Any] = {
        "gateway": "default",
        "environment": "staging",
        "is_production": fields.get("environment", "").lower() in PRODUCTION,
        "channels": frozenset({"portal"}),
    } | fields
    return Facts(items=items or [item(None, ROUTE)], **values)


@pytest.mark.parametrize("name", ["plugin_config_id", "service_id"])
def test_plugins_that_come_or_go_by_a_reference_are_touched(name: str) -> None:
    """Whoever may not take key-auth away does not have it go with what lends it."""
    moved = facts(item(ROUTE | {name: "guarded"}, ROUTE | {name: "open"}))
    left = facts(item(ROUTE | {name: "guarded"}, ROUTE))
    kept = facts(item(ROUTE | {name: "guarded"}, ROUTE | {name: "guarded", "uri": "/"}))

    assert [fits(asking(plugins=["key-auth"]), one) for one in (moved, left, kept)] == [
        True,
        True,
        False,
    ]
    assert not fits(passing(plugins=["key-auth"]), moved)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, True),
        ({"gateways": ["default"]}, True),
        ({"gateways": ["other"]}, False),
        ({"environments": ["Staging"]}, True),
        ({"environments": ["production"]}, False),
        ({"channels": ["portal", "api"]}, True),
        ({"kinds": ["upstream", "route"]}, True),
        ({"kinds": ["upstream"]}, False),
        ({"actions": ["create"]}, True),
        ({"actions": ["delete"]}, False),
        ({"hosts": ["*.EXAMPLE.com"]}, True),
        ({"hosts": ["example.com"]}, False),
        ({"uris": ["/cart/*"]}, True),
        ({"uris": ["/cart/pay/*"]}, True),  # /cart/* answers for it, too
        ({"uris": ["/ca"]}, True),
        ({"uris": ["/checkout/*"]}, False),
        ({"labels": ["team=shop"]}, True),
        ({"labels": ["team"]}, True),
        ({"labels": ["team=cart"]}, False),
        ({"plugins": ["limit-count"]}, True),
        ({"plugins": ["key-auth"]}, False),
        ({"findings": ["wide_route"]}, True),
        ({"findings": ["no_auth"]}, False),
        ({"items_at_least": 2}, False),
        ({"items_at_most": 1}, True),
        ({"hosts": ["shop.example.com"], "uris": ["/other"]}, False),
    ],
)
def test_a_rule_that_asks_fits_when_all_it_names_does(
    when: dict[str, Any], expected: bool
) -> None:
    assert fits(asking(**when), facts(findings=frozenset({"wide_route"}))) is expected


def test_one_item_must_fit_all_of_it() -> None:
    cart, talk = item(None, ROUTE), item(None, {"host": "a.org", "uri": "/talk"})
    rule = asking(hosts=["shop.example.com"], uris=["/talk"])
    assert not fits(rule, facts(cart, talk))
    assert fits(asking(hosts=["a.org"], uris=["/talk"]), facts(cart, talk))


def test_in_doubt_a_rule_that_asks_fits_and_one_that_lets_pass_does_not() -> None:
    anywhere = item(None, {"uri": "/*"})  # answers for every host and address
    assert fits(asking(hosts=["shop.example.com"], uris=["/pay"]), facts(anywhere))
    assert not fits(passing(hosts=["shop.example.com"]), facts(anywhere))
    assert not fits(passing(uris=["/pay/*"]), facts(anywhere))


@pytest.mark.parametrize(
    ("changed", "when", "expected"),
    [
        ({}, {}, True),
        ({}, {"hosts": ["*.example.com"], "uris": ["/cart/*"]}, True),
        ({"uris": ["/cart/a", "/admin"]}, {"uris": ["/cart/*"]}, False),
        ({"hosts": ["shop.example.com", "a.org"]}, {"hosts": ["*.example.com"]}, False),
        ({"labels": {}}, {"labels": ["team=shop"]}, False),
        (
            {"plugins": {"limit-count": {"count": 5}}},
            {"plugins": ["limit-count"]},
            True,
        ),
        (
            {"plugins": {"limit-count": {"count": 5}, "key-auth": {}}},
            {"plugins": ["limit-count"]},
            False,
        ),
        (
            {"plugins": {"limit-count": {"count": 5}}, "uri": "/cart/x"},
            {"plugins": ["limit-count"]},
            False,
        ),
    ],
)
def test_a_rule_that_lets_pass_fits_all_of_a_change_or_nothing(
    changed: dict[str, Any], when: dict[str, Any], expected: bool
) -> None:
    one = item(ROUTE, ROUTE | changed)
    assert fits(passing(**when), facts(one)) is expected


def test_what_was_counts_like_what_shall_be() -> None:
    """Nobody moves a route out of a rule's reach to change it unseen."""
    moved = item(ROUTE, ROUTE | {"host": "dev.example.org"})
    assert fits(asking(hosts=["shop.example.com"]), facts(moved))
    assert not fits(passing(hosts=["dev.example.org"]), facts(moved))


def test_production_and_programs_pass_only_where_a_rule_says_so() -> None:
    for name in ("production", "Prod"):
        assert not fits(passing(), facts(environment=name))
        assert fits(passing(environments=[name]), facts(environment=name))
    assert not fits(passing(), facts(channels=frozenset({"api"})))
    assert not fits(passing(), facts(channels=frozenset({"portal", "api"})))
    both = passing(channels=["portal", "api"])
    assert fits(both, facts(channels=frozenset({"portal", "api"})))


def test_a_warning_stops_it_unless_the_rule_says_otherwise() -> None:
    warned = facts(has_warning=True)
    assert not fits(passing(), warned)
    assert fits(passing(despite_warnings=True), warned)


WHEN = st.fixed_dictionaries(
    {},
    optional={
        "gateways": st.lists(st.sampled_from(["default", "other"]), unique=True),
        "channels": st.lists(st.sampled_from(["portal", "api"]), min_size=1),
        "hosts": st.lists(
            st.sampled_from(["*.example.com", "shop.example.com", "*.org"]), unique=True
        ),
        "uris": st.lists(st.sampled_from(["/*", "/cart/*", "/pay"]), unique=True),
        "plugins": st.lists(st.sampled_from(["limit-count", "cors"]), unique=True),
        "items_at_most": st.integers(1, 3),
    },
)
DOCUMENTS = st.sampled_from(
    [
        ROUTE,
        ROUTE | {"uri": "/*"},
        ROUTE | {"host": "a.org"},
        {"uri": "/pay"},
        ROUTE | {"plugins": {"cors": {}}},
    ]
)
ITEMS = st.lists(st.builds(item, DOCUMENTS, DOCUMENTS), min_size=1, max_size=3)


@given(when=WHEN, items=ITEMS, more=ITEMS)
def test_more_items_never_make_a_change_pass_nor_escape(
    when: dict[str, Any], items: list[ItemFacts], more: list[ItemFacts]
) -> None:
    few, many = facts(*items), facts(*items, *more)
    if fits(passing(**when), many):
        assert fits(passing(**when), few)
    when.pop("items_at_most", None)
    if fits(asking(**when), few):
        assert fits(asking(**when), many)


@given(when=WHEN)
def test_a_rule_reads_back_as_it_was_and_has_words(when: dict[str, Any]) -> None:
    for rule in (asking(**when), passing(**when)):
        assert rules_of([rule.as_json()]) == [rule]
        assert rule_words(rule).endswith(".")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (None, "rules.0"),
        ({}, "rules.0.name"),
        ({"name": "x"}, "rules.0.needs"),
        ({"name": "x", "needs": [{"approvals": 0}]}, "rules.0.needs.0.approvals"),
        ({"name": "x", "needs": [{"approvals": True}]}, "rules.0.needs.0.approvals"),
        ({"name": "x", "needs": [{"who": 1}]}, "rules.0.needs.0.who"),
        ({"name": "x", "when": {"kinds": ["router"]}}, "rules.0.when.kinds"),
        ({"name": "x", "when": {"channels": ["system"]}}, "rules.0.when.channels"),
        ({"name": "x", "when": {"hosts": "a"}}, "rules.0.when.hosts"),
        ({"name": "x", "no_approval": True}, "rules.0.when.channels"),
        (
            {
                "name": "x",
                "no_approval": True,
                "when": {"channels": ["api"]},
                "needs": [{}],
            },
            "rules.0.needs",
        ),
        ({"name": "x", "needs": [{}], "despite_warnings": True}, None),
        ({"name": "x", "needs": [{}], "last_editor_counts": 1}, None),
        ({"name": "x\x00", "needs": [{}]}, "rules.0.name"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    document: Any, field: str | None
) -> None:
    with pytest.raises(Malformed) as wrong:
        rules_of([document])
    assert wrong.value.field == field or field is None
