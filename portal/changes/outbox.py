"""Queue an approved revision. The row is the promise; the message is only a hint."""

from portal import hints
from portal.changes.models import ChangeRequest, Delivery, Revision

DELIVER_ONE = "portal.changes.tasks.deliver_one"
LOOK_AFTER = "portal.changes.tasks.look_after"


def hint(row_id: int, task: str = DELIVER_ONE) -> None:
    """Tell a worker that this row may be due (hints.py)."""
    hints.hint(row_id, task)


def hint_on_commit(row_id: int, task: str = DELIVER_ONE) -> None:
    """Tell it once the row is committed."""
    hints.hint_on_commit(row_id, task)


def queue(change: ChangeRequest, revision: Revision) -> Delivery:
    """Write the delivery of an approved revision within the caller's transaction."""
    delivery = Delivery.objects.create(revision=revision, gateway=change.gateway)
    hint_on_commit(delivery.pk)
    return delivery
