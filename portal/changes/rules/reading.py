"""Read the rules and try them: for everybody, of the gateways that they may see."""

from dataclasses import replace

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest, RuleSet
from portal.changes.rules.demand import Demand, demanded
from portal.changes.rules.facts import Facts, facts_of
from portal.changes.rules.in_force import Version
from portal.changes.rules.rule import Rule, When


def visible_rules(version: Version, person: Person) -> list[Rule]:
    """Return the rules without gateways that this person may not see. One query.

    A rule that is for such alone is left out.
    """
    if person.may_everywhere(Verb.READ):
        return list(version.rules)
    seen = set(person.gateways().values_list("slug", flat=True))
    shown = []
    for rule in version.rules:
        named = rule.when.gateways
        kept = tuple(slug for slug in named if slug in seen)
        if named and not kept:
            continue
        shown.append(rule if kept == named else of_gateways(rule, kept))
    return shown


def of_gateways(rule: Rule, slugs: tuple[str, ...]) -> Rule:
    """Return the rule naming these gateways alone, if it names any."""
    if not rule.when.gateways:
        return rule
    lists = {**rule.when.lists, "gateways": slugs}
    sizes = (rule.when.items_at_least, rule.when.items_at_most)
    return replace(rule, when=When(lists, *sizes))


def tried(version: Version, facts: Facts, gateway: Gateway) -> Demand:
    """Return what these rules would ask for."""
    return demanded(version.rules, facts, gateway.approvals_required)


def tried_on(version: Version, change: ChangeRequest) -> Demand:
    """Return what these rules would ask for, were the change submitted now."""
    return tried(version, facts_of(change, change.latest_revision()), change.gateway)


def versions() -> "list[RuleSet]":
    """Return the newest versions with who made and accepted them. One query."""
    people = ("policy__author", "policy__decided_by")
    return list(RuleSet.objects.select_related(*people)[:50])
