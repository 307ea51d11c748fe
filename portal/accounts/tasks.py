"""Celery's entry points. Each calls one operation, and may run twice."""

from celery import shared_task
from django.utils import timezone

from portal.accounts.programs import forget


@shared_task
def forget_programs() -> None:
    """Delete codes and tokens that are over, and programs that nobody let in."""
    forget(timezone.now())
