"""What the rules that fit a change ask for together, and what of it is given. Pure.

Needs of the same groups are one: the largest counts. Each approval that a group must
give is a place, and one person takes one place at most; who takes which is found by
augmenting paths (Kuhn's algorithm for bipartite matching), so that nobody's approval is
spent on a place that another could have taken. Approvals that anybody may give fill up
to the largest number that a rule, or the gateway, asks for.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from portal.changes.owners import Owned
from portal.changes.rules.facts import Facts
from portal.changes.rules.match import fits, fits_by_reach
from portal.changes.rules.rule import Need, Rule
from portal.changes.rules.words import need_words

Who = TypeVar("Who", bound=Hashable)


@dataclass(frozen=True)
class Demand:
    """What is needed: `needs` of groups first, then of anybody.

    `waived_by` is the rule by which nothing is; `owned` who owns what it touches, where
    a rule that fits asks for them; `asked_by` has the names of the rules that ask for
    each need, none: its gateway does; `reached` those that fit by what routes need.
    """

    needs: tuple[Need, ...]
    fitting: tuple[Rule, ...] = ()
    waived_by: Rule | None = None
    owned: tuple[Owned, ...] = ()
    asked_by: tuple[tuple[str, ...], ...] = ()
    reached: tuple[str, ...] = ()

    @property
    def required(self) -> int:
        return sum(need.approvals for need in self.needs)

    @property
    def last_editor_counts(self) -> bool:
        return all(rule.last_editor_counts for rule in self.fitting)


@dataclass(frozen=True)
class Met(Generic[Who]):
    """One need, and who takes its places. `asked_by` names the rules that ask for it."""

    need: Need
    by: tuple[Who, ...] = ()
    asked_by: tuple[str, ...] = ()

    @property
    def given(self) -> int:
        return len(self.by)

    @property
    def lacking(self) -> int:
        return self.need.approvals - self.given

    @property
    def words(self) -> str:
        return need_words(self.need)


def demanded(rules: Sequence[Rule], facts: Facts, at_least: int) -> Demand:
    """Return what all rules that fit ask for, and at least so many approvals."""
    asking = [rule for rule in rules if not rule.no_approval]
    direct = [rule for rule in asking if fits(rule, facts)]
    reached = [
        rule for rule in asking if rule not in direct and fits_by_reach(rule, facts)
    ]
    fitting = tuple(rule for rule in asking if rule in direct or rule in reached)
    if not fitting:
        for rule in rules:
            if rule.no_approval and fits(rule, facts):
                return Demand((), (rule,), waived_by=rule)
    needed = [(rule.name, need) for rule in fitting for need in rule.needs]
    owned = facts.owned() if any(need.owners for _, need in needed) else ()
    of_groups: dict[frozenset[str], Need] = {}
    asked: dict[frozenset[str], dict[str, None]] = defaultdict(dict)
    most = at_least
    for name, need in (
        (rule, one) for rule, each in needed for one in _of_owners(each, owned)
    ):
        asked[frozenset(need.groups)][name] = None
        if not need.groups:
            most = max(most, need.approvals)
            continue
        known = of_groups.get(frozenset(need.groups))
        if known is None or known.approvals < need.approvals:
            of_groups[frozenset(need.groups)] = need
    needs = tuple(of_groups.values())
    anybody = most - sum(need.approvals for need in needs)
    if anybody > 0:
        needs += (Need(anybody),)
    asked_by = tuple(tuple(asked[frozenset(need.groups)]) for need in needs)
    by_reach = tuple(rule.name for rule in reached)
    return Demand(needs, fitting, owned=owned, asked_by=asked_by, reached=by_reach)


def _of_owners(need: Need, owned: Sequence[Owned]) -> Iterator[Need]:
    """Yield what a need asks of which groups, given who owns what.

    An approval of a group counts for all that the group owns, alone or with others: so
    of {shop} and {shop, cart} only the first asks for anybody.
    """
    if not need.owners:
        yield need
        return
    asked = {
        groups: one for one in owned if (groups := frozenset(one.groups or need.groups))
    }
    for groups, one in asked.items():
        if not any(other < groups for other in asked):
            yield Need(need.approvals, tuple(sorted(groups)), owned=one.words)


def met_by(demand: Demand, approvers: Mapping[Who, frozenset[str]]) -> "list[Met[Who]]":
    """Give each approver, with their groups, a place at most; as many as possible."""
    places = [
        (number, need)
        for number, need in enumerate(demand.needs)
        for _ in range(need.approvals)
    ]
    taken: dict[int, Who] = {}

    def seat(who: Who, seen: set[int]) -> bool:
        for place, (_, need) in enumerate(places):
            if place in seen or not may_give(need, approvers[who]):
                continue
            seen.add(place)
            if place not in taken or seat(taken[place], seen):
                taken[place] = who
                return True
        return False

    for who in approvers:
        seat(who, set())
    asked_by = demand.asked_by or ((),) * len(demand.needs)
    return [
        Met(
            need,
            tuple(who for place, who in taken.items() if places[place][0] == number),
            asked_by[number],
        )
        for number, need in enumerate(demand.needs)
    ]


def awaited(demand: Demand, approvers: Mapping[Who, frozenset[str]]) -> frozenset[str]:
    """Return of which groups one more approver would take a place; {""}: of any, or none."""
    given = list(approvers.values())

    def filled(*more: frozenset[str]) -> int:
        people = dict(enumerate([*given, *more]))
        return sum(one.given for one in met_by(demand, people))

    before = filled()
    if before >= demand.required or filled(frozenset()) > before:
        return frozenset({""})
    groups = {group for need in demand.needs for group in need.groups}
    return frozenset(one for one in groups if filled(frozenset({one})) > before)


def may_give(need: Need, groups: frozenset[str]) -> bool:
    """Say whether somebody of these groups may take a place of this need."""
    return not need.groups or not groups.isdisjoint(need.groups)
