"""Celery's entry points. Each takes ids, calls one operation, and may run twice."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.changes.awaited import renew_awaited
from portal.changes.deliver import deliver
from portal.changes.models import (
    Delivery,
    Gathering,
    IdempotencyKey,
    ImportFile,
    NodeSighting,
    ProbeRun,
)
from portal.changes.nodes import watch
from portal.changes.probing import send_probe
from portal.changes.propose import KEY_LIFE
from portal.changes.submit_gathered import submit_due
from portal.changes.transfer.later import import_kept


@shared_task(acks_late=True)
def deliver_one(delivery_id: int) -> None:
    """Deliver what is due on this delivery's gateway."""
    deliver(delivery_id)


@shared_task(acks_late=True)
def look_after(delivery_id: int) -> None:
    """See whether what was delivered has arrived at the nodes, and answers as it should."""
    if watch(delivery_id):
        send_probe(delivery_id)


@shared_task
def sweep() -> None:
    """Hint at what a lost message left behind.

    At the first due delivery of each gateway, and at each that is still looked after.
    """
    # A hint is worth nothing once the next sweeps give it again.
    expires = 5 * settings.DELIVERY_SWEEP_EVERY
    gateways: set[int] = set()
    for delivery in Delivery.objects.due(timezone.now()).only("pk", "gateway_id"):
        if delivery.gateway_id not in gateways:
            gateways.add(delivery.gateway_id)
            deliver_one.apply_async((delivery.pk,), expires=expires)
    behind = NodeSighting.objects.waiting().values_list("delivery", flat=True)
    probed = ProbeRun.objects.due(timezone.now()).values_list("delivery", flat=True)
    for delivery_id in sorted({*behind, *probed}):
        look_after.apply_async((delivery_id,), expires=expires)


@shared_task(acks_late=True)
def import_one(file_id: int) -> None:
    """Read a file that was kept for a worker."""
    import_kept(file_id)


@shared_task
def sweep_imports() -> None:
    """Hint at the files that wait: what a lost message or a dead worker left behind.

    Drop what is told of those that were read long ago.
    """
    now = timezone.now()
    ImportFile.objects.outlived(now).delete()
    for file in ImportFile.objects.free(now).only("pk"):
        import_one.apply_async((file.pk,), expires=settings.IMPORT_SWEEP_EVERY)


@shared_task(acks_late=True)
def submit_one(change_id: int) -> None:
    """Submit a draft that a program's writes came to."""
    submit_due(change_id)


@shared_task
def sweep_gatherings() -> None:
    """Hint at the drafts that were quiet for long enough; forget those sent by hand."""
    Gathering.objects.left_behind().delete()
    for gathering in Gathering.objects.due(timezone.now()).only("pk"):
        submit_one.apply_async(
            (gathering.pk,), expires=5 * settings.GATHERING_SWEEP_EVERY
        )


@shared_task
def sweep_awaited() -> None:
    """See for whom changes wait, where rules, groups or owners are others than before."""
    renew_awaited()


@shared_task
def forget_idempotency_keys() -> None:
    """Drop idempotency keys that are past their life."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEY_LIFE).delete()
