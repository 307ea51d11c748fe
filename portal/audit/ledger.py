"""Write and verify the ledger.

`record()` is the last statement of an operation: it locks the head row, so from
there to the commit all other operations wait. Anything slow belongs before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from portal.audit import triggers
from portal.audit.archived import archived, problems_of_archives
from portal.audit.chain import Problem
from portal.audit.events import Event
from portal.audit.models import AuditEvent, LedgerHead


class Recordable(Protocol):
    """Who acted, as text and ids; `accounts.actor.Actor` is one."""

    @property
    def label(self) -> str: ...
    @property
    def person_id(self) -> int | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def token_id(self) -> int | None: ...
    @property
    def request_id(self) -> str: ...


@dataclass(frozen=True)
class Itself:
    """Gatehouse itself as who acts, for what the ledger does of its own accord."""

    client: str
    label: str = "Gatehouse itself"
    person_id: int | None = None
    channel: str = "system"
    token_id: int | None = None
    request_id: str = ""


@dataclass(frozen=True)
class Subject:
    """What an event is about, as text."""

    type: str
    id: str
    label: str
    gateway: str = ""


class HasSubject(Protocol):
    def audit_subject(self) -> Subject: ...


class Ledger:
    """The ledger itself, as what an event is about."""

    def audit_subject(self) -> Subject:
        return Subject("audit", "1", "the audit")


@dataclass(frozen=True)
class Entry:
    """An event with details, or a subject, of its own: for what records several."""

    event: Event
    details: dict[str, Any]
    subject: HasSubject | None = None


def _plain(value: Any) -> Any:
    """Return `value` made of what every database gives back exactly as it got it.

    Floats and NUL characters are refused by some JSON columns or come back
    changed, and then the hash would no longer match.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value).replace("\x00", "\u2400").encode("utf-8", "replace").decode()


def record(
    *entries: Event | Entry,
    actor: Recordable,
    subject: HasSubject,
    revision: int | None = None,
    **details: Any,
) -> list[AuditEvent]:
    """Append the entries to the ledger, in order, within the caller's transaction.

    `details` go with every entry; they must already be redacted.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("record() needs a transaction.")
    head = LedgerHead.objects.select_for_update().get(pk=1)
    now = timezone.now().astimezone(UTC)
    events = []
    for item in entries:
        entry = item if isinstance(item, Entry) else Entry(item, {})
        about = (entry.subject or subject).audit_subject()
        event = AuditEvent(
            number=head.number + 1,
            at=now,
            event=entry.event.value,
            actor=_plain(actor.label)[:200],
            actor_id=actor.person_id,
            channel=str(actor.channel),
            client=_plain(actor.client)[:200],
            token_id=actor.token_id,
            request_id=actor.request_id[:64],
            gateway=about.gateway,
            subject_type=about.type,
            subject_id=about.id,
            subject=_plain(about.label)[:300],
            revision=revision,
            details=_plain({**details, **entry.details}),
            previous_hash=head.hash,
        )
        event.hash = event.computed_hash()
        head.number, head.hash = event.number, event.hash
        events.append(event)
    AuditEvent.objects.bulk_create(events)
    head.save(update_fields=["number", "hash"])
    return events


def problems() -> Iterator[Problem]:
    """Yield what is wrong with the ledger, in order; nothing when the chain holds.

    Reads every event once, in chunks of 2,000.
    """
    for name in triggers.missing(connection):
        yield Problem(None, f"Database trigger {name} is missing: rows can be altered.")
    yield from problems_of_archives()
    chain = archived()
    for event in AuditEvent.objects.order_by("number").iterator(chunk_size=2000):
        yield from chain.follow(
            event.number, event.previous_hash, event.hash, event.computed_hash()
        )
    head = LedgerHead.objects.filter(pk=1).first()
    if head is None:
        yield Problem(None, "The ledger's head is missing.")
    elif (head.number, head.hash) != (chain.number, chain.hash):
        yield Problem(
            None,
            f"The ledger's head names event {head.number}, the last one found is {chain.number}.",
        )
