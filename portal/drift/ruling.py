"""Make and remove the rules by which drift is ignored: an administrator's decision."""

from django.db import transaction
from django.utils.translation import gettext

from gateway.catalogue import known_catalogue
from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.drift.errors import Malformed
from portal.drift.judge import Judge, baseline_of, live_of
from portal.drift.models import Drift, DriftRule
from portal.drift.reason import reason_of


@transaction.atomic
def add_rule(rule: DriftRule, *, actor: Actor) -> DriftRule:
    """Save a new rule and apply it to the drifts that are open.

    Raises NotPresent for programs, NotAllowed for all but administrators (of all
    gateways, for a rule on all), Malformed for one that says nothing or not why.
    """
    rule.author = actor.require_administrator(rule.gateway)
    _check(rule)
    concerned = _locked_gateways(rule)
    rule.save(force_insert=True)
    entries = [Entry(Event.DRIFT_RULE_ADDED, {"reason": rule.reason})]
    for gateway in concerned:
        entries += _applied(gateway)
    record(*entries, actor=actor, subject=rule)
    return rule


@transaction.atomic
def remove_rule(rule: DriftRule, *, actor: Actor) -> None:
    """Remove a rule. What it passed over stays so until it is changed again.

    Raises NotPresent, NotAllowed.
    """
    actor.require_administrator(rule.gateway)
    # A scan that judges by it now comes to its end first.
    _locked_gateways(rule)
    # Not `rule.delete()`: the ledger still needs its id.
    if DriftRule.objects.filter(pk=rule.pk).delete()[0]:
        record(
            Entry(Event.DRIFT_RULE_REMOVED, {"reason": rule.reason}),
            actor=actor,
            subject=rule,
        )


def _locked_gateways(rule: DriftRule) -> list[Gateway]:
    """Lock the gateways that the rule is for, as whoever looks at their drifts does."""
    gateways = Gateway.objects.locked().order_by("pk")
    if rule.gateway_id:
        gateways = gateways.filter(pk=rule.gateway_id)
    return list(gateways)


def _applied(gateway: Gateway) -> list[Entry]:
    """Judge the gateway's open drifts anew; return what to tell the ledger."""
    judge = Judge(gateway, known_catalogue(gateway))
    for drift in (
        Drift.objects.filter(gateway=gateway).open().select_related("gateway", "change")
    ):
        judge.judge(drift, baseline_of(drift), live_of(drift), is_outside=False)
    return judge.entries


def _check(rule: DriftRule) -> None:
    if not (rule.kind or rule.resource_id or rule.label or rule.field):
        raise Malformed(
            gettext(
                "This would ignore everything. Name a kind, an id, a label or a field."
            ),
            field="kind",
        )
    rule.reason = reason_of(rule.reason)
