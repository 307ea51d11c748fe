"""Stream the ledger to a syslog receiver, in order and each entry at least once.

The ledger is the outbox and one row the cursor: it moves only after the receiver has
taken what was sent. A sender holds it by a lease, so one that dies between any two lines
leaves all to the next, which sends some entries again: their number and hash tell.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Archive, AuditEvent, AuditStream, LedgerHead
from portal.audit.syslog.message import message
from portal.audit.syslog.receiver import Receiver, Transport
from portal.audit.syslog.sending import NotTaken, send

# What every receiver should take, and over TLS takes: RFC 5424, 6.1; RFC 5425, 4.3.1.
LIMITS = {Transport.UDP: 2_048, Transport.TCP: 8_192, Transport.TLS: 8_192}
# Entries sent at once. Datagrams that come too quickly are dropped unseen.
AT_ONCE = {Transport.UDP: 50, Transport.TCP: 500, Transport.TLS: 500}
# Then somebody else may use the worker; the next sweep goes on.
TIMES = 20
MARGIN = timedelta(seconds=5)
LONGEST_WAIT = 60.0

log = structlog.get_logger(__name__)


def stream() -> int:
    """Send what waits, if there is a receiver; return how many entries were taken."""
    receiver = settings.AUDIT_SYSLOG
    if receiver is None or not (lease := _claim()):
        return 0
    taken = 0
    for _ in range(TIMES):
        after = AuditStream.objects.get(pk=1).number
        rows = AuditEvent.objects.filter(number__gt=after).order_by("number")
        events = list(rows[: AT_ONCE[receiver.transport]])
        if not events:
            break
        try:
            _send(events, receiver)
        except NotTaken as error:
            _note_failure(lease, str(error))
            return taken
        if not _note(lease, events[-1].number):
            return taken
        taken += len(events)
    AuditStream.objects.filter(lease=lease).update(leased_until=None, lease="")
    return taken


def _until() -> datetime:
    """Return for how long others leave it alone: longer than sending may take."""
    seconds = 2 * settings.AUDIT_SYSLOG_DEADLINE
    return timezone.now() + timedelta(seconds=seconds) + MARGIN


def _claim() -> str:
    """Return a lease on the cursor, "" while somebody has it or a failure is fresh."""
    AuditStream.objects.get_or_create(pk=1)
    now, lease = timezone.now(), secrets.token_hex(16)
    free = AuditStream.objects.filter(
        Q(leased_until=None) | Q(leased_until__lt=now), pk=1, next_at__lte=now
    )
    return lease if free.update(leased_until=_until(), lease=lease) else ""


def _send(events: Sequence[AuditEvent], receiver: Receiver) -> None:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    messages = [
        message(
            event.content(),
            event.hash,
            host=host,
            url=settings.PUBLIC_URL + reverse("web:audit_entry", args=[event.number]),
            limit=LIMITS[receiver.transport],
        )
        for event in events
    ]
    send(messages, receiver, seconds=settings.AUDIT_SYSLOG_DEADLINE)


def _note(lease: str, number: int) -> bool:
    """Move the cursor and keep it; False when somebody else took it meanwhile."""
    before = AuditStream.objects.get(pk=1)
    moved = AuditStream.objects.filter(lease=lease).update(
        number=number,
        taken_at=timezone.now(),
        leased_until=_until(),
        failures=0,
        trouble="",
    )
    if moved and before.failures:
        log.info("audit stream goes on", number=number, failures=before.failures)
    return bool(moved)


def _note_failure(lease: str, words: str) -> None:
    before = AuditStream.objects.get(pk=1)
    wait = min(settings.AUDIT_SYSLOG_EVERY * 2 ** min(before.failures, 8), LONGEST_WAIT)
    noted = AuditStream.objects.filter(lease=lease).update(
        failures=F("failures") + 1,
        trouble=words,
        next_at=timezone.now() + timedelta(seconds=wait),
        leased_until=None,
        lease="",
    )
    if noted:
        told = lag()
        log.warning(
            "audit stream stands",
            behind=told.behind if told else 0,
            since=told.since.isoformat() if told and told.since else None,
            why=words,
        )


@dataclass(frozen=True)
class Lag:
    """Up to which entry the receiver has them, how many not, since when, and why."""

    number: int
    behind: int
    since: datetime | None
    trouble: str
    taken_at: datetime | None

    @property
    def words(self) -> str:
        if not self.behind or not self.since:
            return "ok"
        told = f"{self.behind} behind since {self.since.isoformat(timespec='seconds')}"
        return f"{told}: {self.trouble}" if self.trouble else told


def lag() -> Lag | None:
    """Return how far the stream is behind; None without one. One query."""
    if settings.AUDIT_SYSLOG is None:
        return None
    cursor = AuditStream.objects.filter(pk=1)
    waiting = AuditEvent.objects.filter(number__gt=OuterRef("streamed"))
    left = Archive.objects.order_by("-last")
    head = LedgerHead.objects.annotate(
        streamed=Coalesce(Subquery(cursor.values("number")), 0),
        archived=Coalesce(Subquery(left.values("last")[:1]), 0),
        since=Subquery(waiting.order_by("number").values("at")[:1]),
        trouble=Coalesce(Subquery(cursor.values("trouble")), Value("")),
        taken_at=Subquery(cursor.values("taken_at")),
    ).get(pk=1)
    begin = max(head.streamed, head.archived)
    return Lag(
        number=begin,
        behind=max(head.number - begin, 0),
        since=head.since,
        trouble=head.trouble,
        taken_at=head.taken_at,
    )
