"""From the ledger to messages: what each webhook has not been told of yet.

The ledger is the outbox. An operation knows nothing of webhooks; its entry is committed
with it, and each webhook remembers how far it has read. So nothing is lost when a
process dies, and nothing is told twice under two keys.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from portal.accounts.visible_events import UNSENT, events_visible_to
from portal.audit.models import AuditEvent, LedgerHead
from portal.audit.pages import page_of
from portal.webhooks.listening import EVERYTHING, new_key
from portal.webhooks.models import Message, Webhook

# Entries looked at in one go: a long pause of the workers is caught up in several.
AT_ONCE = 500


def collect() -> int:
    """Make the messages that are due of every webhook; return how many."""
    head = LedgerHead.objects.values_list("number", flat=True).get(pk=1)
    behind = Webhook.objects.listening().filter(seen__lt=head)
    return sum(
        _collect_one(webhook, head)
        for webhook in behind.select_related("gateway", "maker")
    )


@transaction.atomic
def _collect_one(webhook: Webhook, head: int) -> int:
    until = min(head, webhook.seen + AT_ONCE)
    # Two sweeps at once: only one moves on from here.
    moved = Webhook.objects.listening().filter(pk=webhook.pk, seen=webhook.seen)
    if not moved.update(seen=until):
        return 0
    # What its maker may read today: a role that was taken away ends it.
    events = events_visible_to(webhook.maker).filter(
        number__gt=webhook.seen, number__lte=until
    )
    if EVERYTHING not in webhook.events:
        events = events.filter(event__in=webhook.events)
    if webhook.gateway is not None:
        events = events.filter(gateway=webhook.gateway.slug)
    made = [
        Message(
            webhook=webhook,
            key=new_key(),
            event_number=event.number,
            type=event.event,
            content=content_of(event),
        )
        for event in events.exclude(event__in=UNSENT).order_by("number")
    ]
    Message.objects.bulk_create(made)
    return len(made)


@translation.override(settings.LANGUAGE_CODE)
def content_of(event: AuditEvent) -> dict[str, Any]:
    """Return what is told of an entry of the ledger, secrets redacted as in it.

    `words` says it in one English sentence; `subject.label`, `client` and `details` may hold
    what others wrote.
    """
    path = page_of(event)
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "words": f"{event.actor} {event.get_event_display()}",
        "actor": event.actor,
        "channel": event.channel,
        "client": event.client,
        "gateway": event.gateway,
        "subject": {
            "type": event.subject_type,
            "id": event.subject_id,
            "label": event.subject,
        },
        "revision": event.revision,
        "details": event.details,
        "url": f"{settings.PUBLIC_URL}{path}" if path else "",
    }
