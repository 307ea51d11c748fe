"""Celery's entry points. Each may run twice."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.webhooks.collect import collect
from portal.webhooks.models import Message, Webhook
from portal.webhooks.send import send

# Slow receivers must not keep the workers from deliveries, nor from other receivers.
IN_HAND_AT_MOST, OF_ONE_AT_MOST = 8, 2
KEPT_FOR = timedelta(days=30)


@shared_task
def sweep_webhooks() -> None:
    """Make the messages that are due, and have some of those that wait sent."""
    collect()
    for message_id in _next(timezone.now()):
        send_one.apply_async((message_id,), expires=5 * settings.WEBHOOK_SWEEP_EVERY)


def _next(now: datetime) -> Iterator[int]:
    """Yield the messages to send now: a few of each webhook, the oldest first."""
    in_hand = Counter(Message.objects.in_hand(now).values_list("webhook", flat=True))
    due = Message.objects.due(now)
    behind = list(due.order_by().values_list("webhook", flat=True).distinct())
    random.shuffle(behind)
    for webhook_id in behind:
        room = min(
            OF_ONE_AT_MOST - in_hand[webhook_id], IN_HAND_AT_MOST - in_hand.total()
        )
        first = due.filter(webhook=webhook_id).order_by("next_at", "pk")
        for message_id in first.values_list("pk", flat=True)[: max(room, 0)]:
            in_hand[webhook_id] += 1
            yield message_id


@shared_task(acks_late=True)
def send_one(message_id: int) -> None:
    """Send a message, if it is due and in nobody's hands."""
    send(message_id)


@shared_task
def forget_messages() -> None:
    """Drop what was told long ago, and removed webhooks of which nothing is left."""
    Message.objects.filter(made_at__lt=timezone.now() - KEPT_FOR).delete()
    Webhook.objects.exclude(removed_at=None).filter(messages=None).delete()
