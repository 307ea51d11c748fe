"""Celery's entry points. Each may run twice."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.notifications.collect import collect
from portal.notifications.keeping import (
    forget,
    tell_of_ending_tokens,
    tell_of_open_reviews,
)
from portal.notifications.mails import people_due, send_letter


@shared_task
def sweep_notifications() -> None:
    """Fill the inboxes, and have the letters that are due sent."""
    collect()
    for person_id in people_due(timezone.now()):
        send_one.apply_async(
            (person_id,), expires=5 * settings.NOTIFICATION_SWEEP_EVERY
        )


@shared_task(acks_late=True)
def send_one(person_id: int) -> None:
    """Send somebody what is due, in one letter."""
    send_letter(person_id, timezone.now())


@shared_task
def keep_notifications() -> None:
    """Tell of what ends soon; drop what is long over."""
    now = timezone.now()
    tell_of_ending_tokens(now)
    tell_of_open_reviews(now)
    forget(now)
