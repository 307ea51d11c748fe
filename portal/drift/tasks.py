"""Celery's entry points for scans. Running one twice is harmless."""

import random

from celery import shared_task
from django.conf import settings

from gateway.models import Gateway
from portal.changes.meanwhile import notice_conflicts
from portal.drift.scan import SCANNER, scan
from portal.drift.settle import close_of_retired


@shared_task
def scan_all() -> None:
    """Have every gateway in service scanned, each in a task of its own.

    On those retired nothing stays open, however long ago that was. Spread over a tenth of the time between scans: not all gateways at one moment.
    """
    close_of_retired(actor=SCANNER)
    spread = settings.DRIFT_SCAN_EVERY / 10
    for pk in Gateway.objects.in_service().values_list("pk", flat=True):
        scan_one.apply_async(
            (pk,),
            countdown=random.uniform(0, spread),  # noqa: S311
            # By then the next one is on its way.
            expires=settings.DRIFT_SCAN_EVERY,
        )


@shared_task
def scan_one(gateway_id: int) -> None:
    """Scan one gateway: its drifts, its mirror, its health, what it overtook."""
    gateway = Gateway.objects.in_service().filter(pk=gateway_id).first()
    if gateway is not None and scan(gateway):
        notice_conflicts(gateway, actor=SCANNER)
