"""Tell a worker that a row may be due. The row is the promise; the message only a hint."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def hint(row_id: int, task: str) -> None:
    """Tell a worker that this row may be due; a broker that is down loses nothing.

    One try with a short time-out: what the broker does not take, a sweep finds.
    """
    try:
        current_app.send_task(task, args=[row_id], ignore_result=True, retry=False)
    except OperationalError as error:
        log.warning("hint_lost", task=task, row=row_id, why=str(error))


def hint_on_commit(row_id: int, task: str) -> None:
    """Send the hint once the row is committed; it never undoes what was decided."""

    def send() -> None:
        hint(row_id, task)

    transaction.on_commit(send, robust=True)
