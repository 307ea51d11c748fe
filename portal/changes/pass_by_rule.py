"""Let a change pass that a rule needs no approval for, as soon as it is submitted.

It is the rule's decision and recorded as such: two people made the rule. When the change
is delivered, quorum.py asks the same rule again whether it fits.
"""

from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.models import ChangeRequest, Revision, RuleApproval
from portal.changes.outbox import queue
from portal.changes.rules.demand import demanded
from portal.changes.rules.facts import facts_of
from portal.changes.rules.in_force import Version, in_force
from portal.changes.rules.rule import Rule
from portal.changes.states import State

RULES = Actor.system("review rules")


def rule_passing(
    change: ChangeRequest, revision: Revision
) -> tuple[Version, Rule] | None:
    """Return the rule in force by which this needs no approval, if there is one."""
    version = in_force()
    if not any(rule.no_approval for rule in version.rules):
        return None
    demand = demanded(version.rules, facts_of(change, revision), 1)
    return (version, demand.waived_by) if demand.waived_by else None


def pass_by_rule(
    change: ChangeRequest, revision: Revision, version: Version, rule: Rule
) -> None:
    """Write the rule's decision and queue the delivery, within the caller's transaction."""
    RuleApproval.objects.create(
        revision=revision,
        rule_set_id=version.number,
        rule=rule.name,
        digest=revision.digest,
    )
    states.move(change, State.APPROVED)
    queue(change, revision)
    record(
        Entry(Event.CHANGE_PASSED_BY_RULE, {"rule": rule.name, **version.as_details()}),
        Event.DELIVERY_QUEUED,
        actor=RULES,
        subject=change,
        revision=revision.number,
        digest=revision.digest,
    )
