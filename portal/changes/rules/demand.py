"""What the rules that fit a change ask for together, and what of it is given. Pure.

Needs of the same groups are one: the largest counts. Each approval that a group must
give is a place, and one person takes one place at most; who takes which is found by
augmenting paths (Kuhn's algorithm for bipartite matching), so that nobody's approval is
spent on a place that another could have taken. Approvals that anybody may give fill up
to the largest number that a rule, or the gateway, asks for.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from portal.changes.rules.facts import Facts
from portal.changes.rules.match import fits
from portal.changes.rules.rule import Need, Rule
from portal.changes.rules.words import need_words

Who = TypeVar("Who", bound=Hashable)


@dataclass(frozen=True)
class Demand:
    """What is needed: `needs` of groups first, then of anybody.

    `waived_by` is the rule by which nothing is.
    """

    needs: tuple[Need, ...]
    fitting: tuple[Rule, ...] = ()
    waived_by: Rule | None = None

    @property
    def required(self) -> int:
        return sum(need.approvals for need in self.needs)

    @property
    def last_editor_counts(self) -> bool:
        return all(rule.last_editor_counts for rule in self.fitting)


@dataclass(frozen=True)
class Met:
    """One need, and how many of its places are taken."""

    need: Need
    given: int

    @property
    def lacking(self) -> int:
        return self.need.approvals - self.given

    @property
    def words(self) -> str:
        return need_words(self.need)


def demanded(rules: Sequence[Rule], facts: Facts, at_least: int) -> Demand:
    """Return what all rules that fit ask for, and at least so many approvals."""
    fitting = tuple(
        rule for rule in rules if not rule.no_approval and fits(rule, facts)
    )
    if not fitting:
        for rule in rules:
            if rule.no_approval and fits(rule, facts):
                return Demand((), (rule,), waived_by=rule)
    of_groups: dict[frozenset[str], Need] = {}
    most = at_least
    for need in (need for rule in fitting for need in rule.needs):
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
    return Demand(needs, fitting)


def met_by(demand: Demand, approvers: Mapping[Who, frozenset[str]]) -> list[Met]:
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
    given = [places[place][0] for place in taken]
    return [Met(need, given.count(number)) for number, need in enumerate(demand.needs)]


def may_give(need: Need, groups: frozenset[str]) -> bool:
    """Say whether somebody of these groups may take a place of this need."""
    return not need.groups or not groups.isdisjoint(need.groups)
