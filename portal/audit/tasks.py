"""Celery's entry points. Each may run twice."""

from celery import shared_task

from portal.audit.checking import check
from portal.audit.heads import sign_head
from portal.audit.ledger import Itself
from portal.audit.syslog.stream import stream

LOOK_SECONDS = 10.0


@shared_task
def check_ledger() -> None:
    """Look at the ledger for a while: what is new, and some of the old anew."""
    check(seconds=LOOK_SECONDS, actor=Itself("check"))


@shared_task
def sign_daily_head() -> None:
    """Sign the head of the day, if nobody has."""
    sign_head(actor=Itself("heads"))


@shared_task
def stream_ledger() -> None:
    """Bring the syslog receiver what it has not, if there is one."""
    stream()
