"""Celery's entry points. Each calls one operation, and may run twice."""

from celery import shared_task
from django.utils import timezone

from portal.accounts.forgotten import answer_request, requests_due
from portal.accounts.programs import forget
from portal.accounts.sessions import forget_expired


@shared_task
def forget_programs() -> None:
    """Delete codes and tokens that are over, and programs that nobody let in."""
    forget(timezone.now())


@shared_task(acks_late=True)
def send_links(request_id: int) -> None:
    """Mail the link that somebody asked for at an address, if anybody has it."""
    answer_request(request_id, timezone.now())


@shared_task
def sweep_links() -> None:
    """Send what a lost hint or a mail server left behind."""
    now = timezone.now()
    for request_id in requests_due(now):
        answer_request(request_id, now)


@shared_task
def forget_sessions() -> None:
    """Delete sessions that are over."""
    forget_expired(timezone.now())
