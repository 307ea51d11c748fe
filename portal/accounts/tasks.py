"""Celery's entry points. Each calls one operation, and may run twice."""

from celery import shared_task
from django.utils import timezone

from portal.accounts.programs import forget
from portal.accounts.sessions import forget_expired


@shared_task
def forget_programs() -> None:
    """Delete codes and tokens that are over, and programs that nobody let in."""
    forget(timezone.now())


@shared_task
def forget_sessions() -> None:
    """Delete sessions that are over."""
    forget_expired(timezone.now())
