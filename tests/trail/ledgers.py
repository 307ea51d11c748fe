"""Ledgers made by hand: any entries, at any times, still one chain."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from portal.audit.content import GENESIS
from portal.audit.models import AuditEvent, LedgerHead

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def chained(entries: Iterable[dict[str, Any]]) -> list[AuditEvent]:
    """Append an entry with each of these fields to an empty ledger."""
    events: list[AuditEvent] = []
    previous = GENESIS
    for number, fields in enumerate(entries, start=1):
        values: dict[str, Any] = {
            "at": NOON,
            "event": "change.approved",
            "actor": "riley",
            "channel": "portal",
            "gateway": "default",
            "subject_type": "change",
            "subject_id": "1",
            "subject": "#1 Publish",
        } | fields
        event = AuditEvent(number=number, previous_hash=previous, **values)
        previous = event.hash = event.computed_hash()
        events.append(event)
    AuditEvent.objects.bulk_create(events)
    LedgerHead.objects.update_or_create(
        pk=1, defaults={"number": len(events), "hash": previous}
    )
    return events
