"""Queue an approved revision. The row is the promise; the message is only a hint."""

from functools import partial

from celery import current_app
from django.db import transaction

from portal.changes.models import ChangeRequest, Delivery, Revision

DELIVER_ONE = "portal.changes.tasks.deliver_one"


def hint(delivery_id: int) -> None:
    """Tell a worker that this delivery may be due; raises when the broker is down."""
    current_app.send_task(DELIVER_ONE, args=[delivery_id], ignore_result=True)


def hint_on_commit(delivery_id: int) -> None:
    """Send the hint after the commit; a dead broker never blocks an approval.

    robust: what the broker loses, the sweep finds.
    """
    transaction.on_commit(partial(hint, delivery_id), robust=True)


def queue(change: ChangeRequest, revision: Revision) -> Delivery:
    """Write the delivery of an approved revision within the caller's transaction."""
    delivery = Delivery.objects.create(revision=revision, gateway=change.gateway)
    hint_on_commit(delivery.pk)
    return delivery
