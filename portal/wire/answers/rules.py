"""Review rules, for programs."""

from typing import Any

from rest_framework import serializers

from gateway.models import Gateway
from portal.changes.rules.demand import Demand
from portal.changes.rules.in_force import Version
from portal.changes.rules.rule import Need, Rule
from portal.changes.rules.words import need_words, rule_words
from portal.wire.answers.shapes import Page

Char = serializers.CharField


class RuleTold(serializers.Serializer):
    name = Char()
    words = Char(help_text="The rule as a sentence.")
    rule = serializers.DictField(help_text="The rule as it is written.")


class RulePage(Page):
    version = serializers.IntegerField(
        help_text="Of all rules; 0 before there are any."
    )
    results = RuleTold(many=True)


class NeedTold(serializers.Serializer):
    approvals = serializers.IntegerField()
    groups = serializers.ListField(
        child=Char(), help_text="Of one of these; none: of any reviewer."
    )
    words = Char()


class Tried(serializers.Serializer):
    version = serializers.IntegerField()
    gateway = Char()
    rules = serializers.ListField(child=Char(), help_text="Names of those that fit.")
    needs = NeedTold(many=True)
    passed_by = Char(
        allow_null=True, help_text="The rule by which no approval is needed."
    )


def told(rule: Rule) -> dict[str, Any]:
    return {"name": rule.name, "words": rule_words(rule), "rule": rule.as_json()}


def tried(version: Version, gateway: Gateway, demand: Demand) -> dict[str, Any]:
    waived = demand.waived_by
    return {
        "version": version.number,
        "gateway": gateway.slug,
        "rules": [rule.name for rule in demand.fitting],
        "needs": [_need(need) for need in demand.needs],
        "passed_by": waived.name if waived else None,
    }


def _need(need: Need) -> dict[str, Any]:
    return need.as_json() | {"words": need_words(need)}
