"""From the ledger to everybody's inbox.

The ledger is the outbox: an operation knows nothing of notifications. One row remembers
how far it was read; a person's key of an entry is unique, so reading it twice tells
nobody twice.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.models import AuditEvent, LedgerHead
from portal.audit.pages import page_of
from portal.notifications.models import Notification, Progress, Topic, Way
from portal.notifications.recipients import KNOWN, recipients
from portal.notifications.ways import mail_due, ways_among

AT_ONCE = 200
# What is told in words of its own.
APART = {Topic.MENTIONED, Topic.TAKEN}


def collect() -> int:
    """Make the notifications that the ledger has news for; return how many."""
    head = LedgerHead.objects.values_list("number", flat=True).get(pk=1)
    # Whoever starts to be told is told from now on.
    progress, _ = Progress.objects.get_or_create(pk=1, defaults={"seen": head})
    if progress.seen >= head:
        return 0
    return _collect_until(progress.seen, min(head, progress.seen + AT_ONCE))


@transaction.atomic
def _collect_until(seen: int, until: int) -> int:
    # Two sweeps at once: only one moves on from here.
    if not Progress.objects.filter(pk=1, seen=seen).update(seen=until):
        return 0
    events = AuditEvent.objects.filter(
        number__gt=seen, number__lte=until, event__in=KNOWN
    ).order_by("number")
    gateways = {gateway.slug: gateway for gateway in Gateway.objects.in_service()}
    made = [
        notification
        for event in events
        for notification in _of(event, gateways.get(event.gateway))
    ]
    Notification.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


# What is kept is English, whoever reads it.
@translation.override(settings.LANGUAGE_CODE)
def _of(event: AuditEvent, gateway: Gateway | None) -> list[Notification]:
    told = recipients(event, gateway)
    page = page_of(event) or reverse("web:inbox")
    label = event.subject
    if event.event == Event.POLICY_TAKEN_ALONE:
        label = " ".join(event.details.get("points", ())) or label
    return [
        notification
        for topics, did, path, of in (
            ({Topic.MENTIONED}, "mentioned you in a comment", page, gateway),
            # Of a gateway that they may no longer see, on a page that everybody sees.
            ({Topic.TAKEN}, "took this away alone", reverse("web:roles"), None),
            ({*Topic} - APART, event.get_event_display(), page, gateway),
        )
        for notification in made_for(
            {one: topic for one, topic in told.items() if topic in topics},
            key=f"event:{event.number}",
            words=f"{event.actor} {did}"[:300],
            label=label[:300],
            path=path,
            gateway=of,
        )
    ]


def made_for(told: Mapping[Person, Topic], **fields: Any) -> list[Notification]:
    """Return what these people are told, each in their way; not saved. One query."""
    if not told:
        return []
    now = timezone.now()
    return [
        Notification(
            person=person,
            topic=told[person],
            at=now,
            mail_due_at=mail_due(way, now, person.zone) if person.email else None,
            **fields,
        )
        for person, way in ways_among(told).items()
        if way != Way.NONE
    ]
