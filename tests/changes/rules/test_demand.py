"""What rules ask for together, and who gives what: laws."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.changes.owners import Owned
from portal.changes.rules.demand import Demand, demanded, may_give, met_by
from portal.changes.rules.rule import Need, Rule, When
from portal.changes.rules.words import need_words
from tests.changes.rules.test_match import facts

GROUPS = ("security", "owners", "network")
NEEDS = st.builds(
    Need,
    st.integers(1, 2),
    st.lists(st.sampled_from(GROUPS), unique=True, max_size=2).map(tuple),
)
RULES = st.lists(st.tuples(NEEDS), max_size=3).map(
    lambda found: [
        Rule(name=str(number), needs=needs) for number, needs in enumerate(found)
    ]
)
PEOPLE = st.dictionaries(
    st.integers(1, 4), st.frozensets(st.sampled_from(GROUPS)), max_size=4
)


def given_in(demand: Demand, people: dict[int, frozenset[str]]) -> int:
    return sum(one.given for one in met_by(demand, people))


def most_by_trying(demand: Demand, people: dict[int, frozenset[str]]) -> int:
    """The same by trying every order in which people could take places."""
    places = [need for need in demand.needs for _ in range(need.approvals)]
    best = 0
    for order in permutations(places):
        free, count = list(people.values()), 0
        for need in order:
            who = next((one for one in free if may_give(need, one)), None)
            if who is not None:
                free.remove(who)
                count += 1
        best = max(best, count)
        if len(places) > 6:
            break
    return best


@given(rules=RULES, people=PEOPLE, least=st.integers(1, 3))
def test_as_many_places_are_filled_as_can_be(
    rules: list[Rule], people: dict[int, frozenset[str]], least: int
) -> None:
    demand = demanded(rules[:2], facts(), least)
    met = met_by(demand, people)
    assert all(0 <= one.given <= one.need.approvals for one in met)
    assert given_in(demand, people) <= len(people)
    assert given_in(demand, people) >= most_by_trying(demand, people)


@given(rules=RULES, people=PEOPLE, least=st.integers(1, 3))
def test_one_more_rule_never_asks_for_less(
    rules: list[Rule], people: dict[int, frozenset[str]], least: int
) -> None:
    for count in range(len(rules)):
        fewer = demanded(rules[:count], facts(), least)
        more = demanded(rules[: count + 1], facts(), least)
        assert more.required >= fewer.required >= least
        if given_in(more, people) == more.required:
            assert given_in(fewer, people) == fewer.required


@given(rules=RULES, people=PEOPLE, other=st.frozensets(st.sampled_from(GROUPS)))
def test_one_more_approval_never_takes_any_away(
    rules: list[Rule], people: dict[int, frozenset[str]], other: frozenset[str]
) -> None:
    demand = demanded(rules, facts(), 1)
    assert given_in(demand, people | {9: other}) >= given_in(demand, people)


@given(rules=RULES, people=PEOPLE)
def test_the_order_of_rules_and_people_does_not_matter(
    rules: list[Rule], people: dict[int, frozenset[str]]
) -> None:
    demand, turned = demanded(rules, facts(), 1), demanded(rules[::-1], facts(), 1)
    assert demand.required == turned.required
    back = dict(reversed(people.items()))
    assert given_in(demand, people) == given_in(turned, back)


def names(demand: Demand) -> list[tuple[int, tuple[str, ...]]]:
    return [(need.approvals, need.groups) for need in demand.needs]


def a_rule(name: str, *needs: Need, **fields: Any) -> Rule:
    return Rule(name=name, needs=needs, **fields)


def test_needs_of_the_same_groups_are_one_and_anybody_fills_up() -> None:
    security = a_rule("s", Need(1, ("security",)), Need(1, ("owners",)))
    again = a_rule("t", Need(2, ("security",)), Need(4))
    assert names(demanded([security, again], facts(), 1)) == [
        (2, ("security",)),
        (1, ("owners",)),
        (1, ()),
    ]


def test_one_person_of_two_groups_fills_one_place() -> None:
    demand = Demand((Need(1, ("security",)), Need(1, ("owners",))))
    both, one = frozenset(GROUPS), frozenset({"security"})
    assert given_in(demand, {1: both}) == 1
    # Whoever could do either makes room, whoever came first.
    assert given_in(demand, {1: both, 2: one}) == 2
    assert given_in(demand, {2: one, 1: both}) == 2
    assert given_in(demand, {1: one, 2: one}) == 1


def test_owners_are_asked_for_what_they_own_and_once() -> None:
    owned = (
        Owned(("shop",), "route cart", more=2),
        Owned(("pay", "shop"), "route pay"),
        Owned((), "global rule log"),
    )
    seen = facts(owned=lambda: owned)
    every = a_rule("o", Need(1, owners=True))
    assert names(demanded([every], seen, 1)) == [(1, ("shop",))]
    standing_in = a_rule("o", Need(2, ("network",), owners=True))
    both = demanded([every, standing_in], seen, 1)
    assert names(both) == [(2, ("shop",)), (2, ("network",))]
    assert [need_words(need) for need in both.needs] == [
        "2 approvals from group shop for route cart and 2 more",
        "2 approvals from group network for global rule log",
    ]
    assert both.owned == owned
    # Who asks for no owner has nobody look for one.
    unasked = facts(owned=lambda: pytest.fail("asked"))
    assert names(demanded([a_rule("a", Need(1))], unasked, 1)) == [(1, ())]


def test_nothing_is_needed_only_where_no_other_rule_fits() -> None:
    lets = a_rule("p", no_approval=True, when=When({"channels": ("portal",)}))
    asks = a_rule("a", Need(1))
    assert demanded([lets], facts(), 3).waived_by == lets
    assert demanded([lets], facts(), 3).required == 0
    for order in ([lets, asks], [asks, lets]):
        assert demanded(order, facts(), 3).waived_by is None
        assert demanded(order, facts(), 3).required == 3
