"""Bring drifts that stand to what our own deliveries did to their resources.

A delivery writes only what was approved. So its differences are carried over to the
baseline: what is left between baseline and live is what nobody approved.
"""

from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from gateway.carry import carried
from gateway.catalogue import known_catalogue
from gateway.models import Gateway, Resource
from gateway.sighting import rows_of
from portal.accounts.actor import Actor
from portal.accounts.gateways import OneGateway
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.outbox import hint
from portal.drift.judge import Judge
from portal.drift.models import Drift, DriftState

SCAN_ONE = "portal.drift.tasks.scan_one"


def after_delivery(*, gateway: Gateway, is_stale: bool, **kwargs: Any) -> None:
    """Do it at once, not only at the next scan (a receiver of `applied`).

    Where the mirror was stale, that one comes at once too: what was applied shall show.
    """
    if is_stale:
        hint(gateway.pk, SCAN_ONE)
    if Drift.objects.filter(gateway=gateway).standing().exists():
        settle(gateway, actor=Actor.system("drift"))


def after_retirement(*, gateway: Gateway, **kwargs: Any) -> dict[str, int]:
    """Close what stands there: nobody looks at it again (a receiver of `retired`)."""
    standing = Drift.objects.filter(gateway=gateway).standing()
    closed = standing.update(
        state=DriftState.GONE,
        resolved_at=timezone.now(),
        reason=f"Gateway {gateway.slug} was retired.",
    )
    return {"drifts_closed": closed} if closed else {}


def close_of_retired(*, actor: Actor) -> None:
    """Close what stands on gateways that were retired before that closed it.

    One query where there is none; running it twice is harmless.
    """
    retired = Gateway.objects.exclude(retired_at=None)
    left = retired.filter(drifts__in=Drift.objects.standing()).distinct()
    for pk in left.values_list("pk", flat=True):
        with transaction.atomic():
            gateway = Gateway.objects.locked().get(pk=pk)
            if closed := after_retirement(gateway=gateway):
                why = f"Gateway {gateway.slug} was retired before."
                record(
                    Entry(Event.DRIFT_CLOSED, closed | {"reason": why}),
                    actor=actor,
                    subject=OneGateway(gateway),
                )


@transaction.atomic
def settle(gateway: Gateway, *, actor: Actor) -> None:
    """Close the drifts that deliveries undid; carry their changes over to the rest."""
    gateway = Gateway.objects.locked().get(pk=gateway.pk)
    judge = Judge(gateway, known_catalogue(gateway))
    settle_standing(judge)
    judge.record(actor)


def settle_standing(judge: Judge) -> None:
    """Judge anew where the mirror knows of a write of ours that the drift does not."""
    row = Resource.objects.filter(
        gateway=OuterRef("gateway"),
        kind=OuterRef("kind"),
        resource_id=OuterRef("resource_id"),
    )
    overtaken = list(
        Drift.objects.filter(gateway=judge.gateway)
        .standing()
        .select_related("gateway", "change")
        .annotate(known=Coalesce(Subquery(row.values("digest")[:1]), Value("")))
        .exclude(live_digest=F("known"))
    )
    rows = {
        (row.kind, row.resource_id): row
        for row in rows_of(
            judge.gateway, [(drift.kind, drift.resource_id) for drift in overtaken]
        )
    }
    for drift in overtaken:
        live = rows.get((drift.kind, drift.resource_id))
        baseline = carried(
            drift.whole_baseline(), drift.whole_live(), live.whole() if live else None
        )
        judge.judge(
            drift,
            judge.row(drift.kind, drift.resource_id, baseline),
            live,
            is_outside=False,
        )
