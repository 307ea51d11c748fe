"""Would the gateway take the global rules, one after the other as they are written?"""

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.parts import plugins_of
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

IN_TWO_GLOBAL_RULES = Code(
    "in_two_global_rules",
    Severity.BLOCKER,
    gettext_noop("A plugin would stand in two global rules, which a gateway refuses."),
)


def in_two_global_rules(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Each rule is held against those that the gateway has by then. One list."""
    items = [
        (index, item)
        for index, item in enumerate(plan.items)
        if item.kind.name == "global_rule"
    ]
    if not items:
        return
    holders: dict[str, set[str]] = defaultdict(set)
    for rule_id, rule in live.documents("global_rule").items():
        for name in plugins_of(rule):
            holders[name].add(rule_id)
    for index, item in items:
        for name in plugins_of(item.base):
            holders[name].discard(item.id)
        for name in plugins_of(item.wanted):
            if holders[name]:
                other = min(holders[name])
                yield IN_TWO_GLOBAL_RULES.finding(
                    index,
                    path=f"plugins.{name}",
                    words=f"Global rule {other} has {name} by then, and a gateway takes "
                    "each plugin in one global rule only.",
                    mend=f"Leave it out here, or take it out of global rule {other} in "
                    "the same change.",
                )
            holders[name].add(item.id)


SUBJECT = Subject(
    title=gettext_noop("Global rules"),
    matters=gettext_noop(
        "A global rule runs on every request of the gateway, so a mistake in it hits all routes at once."
    ),
    checks=(in_two_global_rules,),
    codes=(IN_TWO_GLOBAL_RULES,),
)
