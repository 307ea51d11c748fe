"""File the change that brings a gateway to what a file says."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gateway.formats.reader import Progress
from gateway.models import Gateway
from gateway.whole import read_whole
from portal.accounts.actor import Actor, Channel
from portal.accounts.roles import Verb
from portal.audit.ledger import Entry
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.bringing import field_of
from portal.changes.errors import ChangeError, Malformed, NothingToChange
from portal.changes.models import ChangeRequest
from portal.changes.plan import ITEM_LIMIT, Plan, gateway_or_down
from portal.changes.propose import (
    Proposed,
    check_words,
    filed_before,
    preview,
    propose,
)
from portal.changes.terms import Terms
from portal.changes.transfer.formats import Format
from portal.changes.transfer.items import items_of
from portal.changes.transfer.reading import FileRead, read_file


@dataclass(frozen=True, kw_only=True)
class FileAsked:
    """A file that somebody wants a gateway to be brought to.

    What it does not name stays, unless `delete_missing`.
    """

    gateway: Gateway
    source: bytes
    format: Format
    reason: str
    title: str = ""
    delete_missing: bool = False
    idempotency_key: str = ""
    conversation: str = ""
    terms: Terms = Terms()

    def options_told(self) -> dict[str, Any]:
        """Return what else there is to say of the file: nothing."""
        return {}

    def as_change(self) -> ChangeAsked:
        """Return the request for a change, its items not worked out yet."""
        told = f"{self.format} {self.delete_missing} ".encode()
        return ChangeAsked(
            gateway=self.gateway,
            reason=self.reason,
            title=self.title,
            items=(),
            idempotency_key=self.idempotency_key,
            conversation=self.conversation,
            terms=self.terms,
            source=hashlib.sha256(told + self.source).hexdigest(),
        )


# Told the change, and in words what of the file was passed over.
Filed = Callable[[ChangeRequest, tuple[str, ...]], None]


@dataclass(frozen=True)
class Imported:
    """The change that answers a file, and in words what of the file was passed over."""

    proposed: Proposed
    passed_over: tuple[str, ...] = ()


def propose_file(
    asked: FileAsked,
    *,
    actor: Actor,
    progress: Progress | None = None,
    then: Filed | None = None,
) -> Imported:
    """File the change, or return the one that this file asked for before.

    `then` is told of either, in the transaction that files it.
    Raises NothingToChange where the gateway holds it all, Malformed for a file that is
    none, and whatever `propose` raises; fields at fault are named as in `routes.r1.uri`
    with the `line` where the resource begins.
    """
    actor = actor.by_way_of(Channel.IMPORT)
    person = actor.require(Verb.ASK, asked.gateway)
    change = asked.as_change()
    check_words(change)
    if earlier := filed_before(change, actor, person):
        if then:
            then(earlier, ())
        return Imported(Proposed(earlier, is_replay=True))
    file = _read(asked, progress)

    def filed(change: ChangeRequest) -> Sequence[Entry]:
        if then:
            then(change, file.contents.passed_over)
        return ()

    with _lines_told(file):
        proposed = propose(
            replace(change, items=_items(asked, file)), actor=actor, then=filed
        )
    return Imported(proposed, file.contents.passed_over)


def preview_file(asked: FileAsked, *, actor: Actor) -> Plan:
    """Show what filing it would do; nothing is stored."""
    actor.require(Verb.READ, asked.gateway)
    file = _read(asked)
    with _lines_told(file):
        return preview(
            replace(asked.as_change(), items=_items(asked, file)), actor=actor
        )


def _read(asked: FileAsked, progress: Progress | None = None) -> FileRead:
    return read_file(
        asked.source, format=asked.format, gateway=asked.gateway, progress=progress
    )


def _items(asked: FileAsked, file: FileRead) -> tuple[ItemAsked, ...]:
    with gateway_or_down(asked.gateway) as client:
        whole = read_whole(asked.gateway, client)
    items = items_of(
        file, whole, format=asked.format, delete_missing=asked.delete_missing
    )
    if not items:
        raise NothingToChange(
            f"Gateway {asked.gateway.slug} holds all that the file says already. There "
            "is nothing to ask for."
        )
    if len(items) > ITEM_LIMIT:
        raise Malformed(
            f"The file changes {len(items):,} resources, and one change holds at most "
            f"{ITEM_LIMIT:,}. Split the file.",
            field="file",
        )
    return tuple(items)


@contextmanager
def _lines_told(file: FileRead) -> Iterator[None]:
    """Add to an error in which line of the file the resource at fault begins."""
    try:
        yield
    except ChangeError as error:
        lines = {field_of(key): line for key, line in file.contents.lines.items()}
        for finding in error.extra.get("findings", []):
            finding["line"] = _line(lines, finding["field"])
        if line := _line(lines, error.field):
            extra = {"line": line} | error.extra
            raise type(error)(
                f"Line {line}: {error}", field=error.field, **extra
            ) from error
        raise


def _line(lines: Mapping[str, int], field: str) -> int:
    """Return the line of the resource that a field is of, 0 for none."""
    while field and field not in lines:
        field = field.rpartition(".")[0]
    return lines.get(field, 0)
