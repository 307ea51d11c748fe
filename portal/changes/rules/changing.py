"""Changing the rules: a change of policy that reaches all gateways."""

from collections.abc import Sequence

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import PolicyMoved
from portal.accounts.models import PolicyChange
from portal.accounts.policy.deciding import propose_policy
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable
from portal.changes.errors import Malformed
from portal.changes.models import RuleSet
from portal.changes.rules.rule import Rule, rules_of
from portal.changes.rules.words import rule_words


class ReviewRules(PolicyKind):
    """`{"rules": […]}`, whole; rule.py says what stands in it."""

    name = "review_rules"
    title = "Review rules"

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        rules = rules_of(wanted.get("rules"))
        _expect_groups(rules)
        return {"rules": [rule.as_json() for rule in rules]}

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        newest = RuleSet.objects.first()
        return {"rules": newest.rules if newest else []}

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return differences(rules_of(base["rules"]), rules_of(wanted["rules"]))

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        newest = RuleSet.objects.first()
        made = RuleSet.objects.create(
            version=newest.version + 1 if newest else 1,
            rules=change.wanted["rules"],
            policy=change,
        )
        details = {"version": made.version, "digest": made.digest}
        return [Entry(Event.RULES_CHANGED, details)]

    def needs_two(self, base: Document, wanted: Document) -> bool:
        """A rule by which nothing is needed is made by two people, always."""
        known = base["rules"]
        return any(
            one.get("no_approval") and one not in known for one in wanted["rules"]
        )


@transaction.atomic
def propose_rules(
    rules: object, *, reason: str, actor: Actor, begun_as: int | None = None
) -> PolicyChange:
    """Ask for these rules, all in their order; `begun_as` is the version they were.

    Raises as `propose_policy` does, and PolicyMoved when another counts by now.
    """
    wanted, kind = {"rules": rules}, ReviewRules.name
    change = propose_policy(kind, wanted, scope=None, reason=reason, actor=actor)
    before = RuleSet.objects.exclude(policy=change).first()
    if begun_as is not None and begun_as != (before.version if before else 0):
        raise PolicyMoved(
            gettext(
                "Another version of the rules came into force meanwhile. Begin again with it."
            )
        )
    return change


def differences(before: Sequence[Rule], after: Sequence[Rule]) -> list[str]:
    """Say rule by rule what would be different."""
    was = {rule.name: rule for rule in before}
    will = {rule.name: rule for rule in after}
    said = [
        f"Rule “{name}” goes. It said: {rule_words(rule)}"
        for name, rule in was.items()
        if name not in will
    ]
    for name, rule in will.items():
        if name not in was:
            said.append(f"Rule “{name}” comes: {rule_words(rule)}")
        elif rule != was[name]:
            said.append(
                f"Rule “{name}” becomes: {rule_words(rule)} It said: "
                f"{rule_words(was[name])}"
            )
    order = [name for name in will if name in was]
    if order != [name for name in was if name in will]:
        said.append(f"The rules stand in another order: {', '.join(will)}.")
    return said


def _expect_groups(rules: Sequence[Rule]) -> None:
    """Raise Malformed where a rule asks a group that there is not."""
    known = set(Group.objects.values_list("name", flat=True))
    for index, rule in enumerate(rules):
        for position, need in enumerate(rule.needs):
            missing = [group for group in need.groups if group not in known]
            if missing:
                raise Malformed(
                    gettext(
                        "There is no group %(missing)r. Make it first, or name another."
                    )
                    % {"missing": missing[0]},
                    field=f"rules.{index}.needs.{position}.groups",
                )
