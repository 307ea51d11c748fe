"""The ledger as a file: whole or filtered, oldest first, in constant memory."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.accounts.visible_events import events_visible_to
from portal.audit.content import FIELDS, line_of
from portal.audit.events import Event
from portal.audit.ledger import Entry, Ledger, record
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.trail.filters import Filters

AT_ONCE = 1_000
COLUMNS = (*FIELDS, "hash")
# What makes a spreadsheet compute a cell: https://owasp.org/www-community/attacks/CSV_Injection
COMPUTES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


class Format(models.TextChoices):
    """As what the ledger leaves the desk."""

    JSONL = "jsonl", _("JSON Lines")
    CSV = "csv", _("CSV")

    @property
    def media_type(self) -> str:
        return "text/csv" if self is Format.CSV else "application/x-ndjson"


def reach_of_export(person: Person) -> set[int | None]:
    """Return of which gateways somebody may take entries away; None: of all. One query."""
    if person.is_superuser:
        return {None} if person.may_anywhere(Verb.EXPORT) else set()
    held = person.held().allowing(Verb.EXPORT) if person.is_active else []
    return {membership.gateway_id for membership in held}


def exportable(person: Person) -> AuditEventQuerySet:
    """Return what this person may take away: of the gateways where they may export.

    Raises NotAllowed for who may nowhere.
    """
    events = events_visible_to(person)
    if person.may_everywhere(Verb.EXPORT):
        return events
    slugs = list(person.gateways(Verb.EXPORT).values_list("slug", flat=True))
    if not slugs:
        raise NotAllowed(
            gettext(
                "Only auditors and administrators export the audit. Ask one of them."
            )
        )
    return events.filter(gateway__in=slugs)


@transaction.atomic
def export(format: Format, filters: Filters, *, actor: Actor) -> Iterator[bytes]:
    """Return the file's parts, read as they are taken; record who took it.

    What happens from now on is not in it, this export neither. Raises NotPresent for
    programs, NotAllowed for who may not export.
    """
    person = actor.require_present_person()
    wanted = filters.of(exportable(person))
    [recorded] = record(
        Entry(
            Event.AUDIT_EXPORTED,
            {"format": format.value, "filters": filters.told()},
        ),
        actor=actor,
        subject=Ledger(),
    )
    entries = _entries(wanted.filter(number__lt=recorded.number))
    return _csv(entries) if format is Format.CSV else _json_lines(entries)


def _entries(wanted: AuditEventQuerySet) -> Iterator[list[AuditEvent]]:
    """Read page by page: no cursor of the database's waits for a slow reader."""
    last = 0
    while rows := list(wanted.filter(number__gt=last).order_by("number")[:AT_ONCE]):
        yield rows
        last = rows[-1].number


def _json_lines(pages: Iterator[list[AuditEvent]]) -> Iterator[bytes]:
    for rows in pages:
        yield b"".join(line_of(event.content(), event.hash) for event in rows)


def _csv(pages: Iterator[list[AuditEvent]]) -> Iterator[bytes]:
    # With a byte order mark, by which spreadsheets know UTF-8.
    yield b"\xef\xbb\xbf" + _rows([COLUMNS])
    for rows in pages:
        yield _rows(
            [_cell((event.content() | {"hash": event.hash})[name]) for name in COLUMNS]
            for event in rows
        )


def _rows(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """Return a value as text that no spreadsheet computes."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = str(value)
    return f"'{text}" if text.startswith(COMPUTES) else text
