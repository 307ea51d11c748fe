"""File the change that makes a gateway serve an OpenAPI document."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from gateway import sealing
from gateway.kinds import KIND_BY_PATH
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.openapi.convert import Made, convert
from gateway.openapi.errors import OpenAPIError, TooBusy
from gateway.openapi.keep import kept_of
from gateway.openapi.shapes import Document
from gateway.openapi.source import read_source, trouble_with
from gateway.openapi.upgrade import upgraded
from portal.accounts.actor import Actor, Channel
from portal.accounts.roles import Verb
from portal.audit.ledger import Entry
from portal.changes.asked import ChangeAsked
from portal.changes.bringing import field_of
from portal.changes.errors import Busy, ChangeError, Malformed, NothingToChange
from portal.changes.models import ChangeRequest, SpecImport
from portal.changes.openapi.asked import DocumentAsked
from portal.changes.openapi.bring import Brought, bring, said_in
from portal.changes.plan import ITEM_LIMIT, Plan, gateway_or_down
from portal.changes.propose import (
    Proposed,
    check_words,
    filed_before,
    preview,
    propose,
)

Key = tuple[str, str]
# More are not told to reviewers.
REMARKS_LIMIT = 50
# Told the change, and in words what there is to say of the document.
Filed = Callable[[ChangeRequest, tuple[str, ...]], None]
Progress = Callable[[float], None]
# Trying out a document of more bytes takes a thread for seconds: one of them at a time.
LARGE = 2_000_000
_large = threading.BoundedSemaphore(1)


@dataclass(frozen=True)
class Read:
    """A document in its inner form, and what it comes to."""

    document: Document
    made: Made
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """The change that answers a document, and in words what there is to say of it."""

    proposed: Proposed
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Previewed:
    """What importing would do. `operations` names that of each item, in their order."""

    plan: Plan
    read: Read
    remarks: tuple[str, ...]
    pointers: dict[Key, str]


def propose_document(
    asked: DocumentAsked,
    *,
    actor: Actor,
    progress: Progress | None = None,
    then: Filed | None = None,
) -> Imported:
    """File the change, or return the one that this document asked for before.

    `then` is told of either, in the transaction that files it. Raises Malformed for
    what is no document (`pointer` in `extra`), NothingToChange where the gateway serves
    it all, and whatever `propose` raises.
    """
    actor = actor.by_way_of(Channel.IMPORT)
    person = actor.require(Verb.ASK, asked.gateway)
    change = asked.as_change()
    check_words(change)
    if earlier := filed_before(change, actor, person):
        if then:
            then(earlier, ())
        return Imported(Proposed(earlier, is_replay=True))
    read = read_document(asked)
    if progress:
        progress(0.5)
    brought = _brought(asked, read)
    if progress:
        progress(1.0)

    def filed(change: ChangeRequest) -> Sequence[Entry]:
        _remember(change, asked, read, brought.remarks)
        if then:
            then(change, brought.remarks)
        return ()

    with _pointers_told(brought):
        proposed = propose(_with_items(change, brought), actor=actor, then=filed)
    return Imported(proposed, brought.remarks)


def preview_document(asked: DocumentAsked, *, actor: Actor) -> Previewed:
    """Show what filing it would do; nothing is stored. Raises as `propose_document`.

    Busy, too, for a large one while this process tries out another.
    """
    actor.require(Verb.READ, asked.gateway)
    with _room_for(asked):
        read = read_document(asked)
        brought = _brought(asked, read)
        with _pointers_told(brought):
            plan = preview(_with_items(asked.as_change(), brought), actor=actor)
    return Previewed(plan, read, brought.remarks, brought.pointers)


@contextmanager
def _room_for(asked: DocumentAsked) -> Iterator[None]:
    """Keep a place for a document that takes seconds. Raises Busy where there is none."""
    if len(asked.source) <= LARGE:
        yield
        return
    if not _large.acquire(blocking=False):
        raise Busy(
            "Somebody else tries out a large document just now. Try again in some "
            "seconds, or send it for review: nothing is live before somebody agrees.",
            field="document",
        )
    try:
        yield
    finally:
        _large.release()


def read_document(asked: DocumentAsked) -> Read:
    """Read a document and make of it what a gateway may hold. Raises Malformed, Busy."""
    try:
        document = read_source(asked.source)
        inner = upgraded(document)
        made = convert(inner, asked.options)
    except TooBusy as error:
        raise Busy(str(error), field=error.field) from error
    except OpenAPIError as error:
        raise _malformed(error) from error
    if len(made.documents) > ITEM_LIMIT:
        raise Malformed(
            f"The document comes to {len(made.documents):,} resources, and one change "
            f"holds at most {ITEM_LIMIT:,}. Ask for one route per path, or split it.",
            field="document",
        )
    trouble = trouble_with(document, len(asked.source))
    return Read(inner, made, (*made.remarks, *trouble))


def _malformed(error: OpenAPIError) -> Malformed:
    extra: dict[str, Any] = {"pointer": error.pointer} if error.pointer else {}
    if error.line:
        extra["line"] = error.line
    return Malformed(str(error), field=error.field, **extra)


def _brought(asked: DocumentAsked, read: Read) -> Brought:
    earlier = SpecImport.objects.latest_applied(asked.gateway, read.made.spec)
    said = dict(said_in(earlier.whole())) if earlier else {}
    with gateway_or_down(asked.gateway) as client:
        schemas = catalogue_of(asked.gateway, client)
        brought = bring(
            replace(read.made, remarks=read.remarks),
            Live(client),
            said,
            schemas=schemas,
            delete_missing=asked.delete_missing,
        )
    if not brought.items:
        raise NothingToChange(
            f"Gateway {asked.gateway.slug} serves all of {read.made.title} already. There "
            "is nothing to ask for."
        )
    return brought


def _with_items(change: ChangeAsked, brought: Brought) -> ChangeAsked:
    if len(brought.items) > ITEM_LIMIT:
        raise Malformed(
            f"The document changes {len(brought.items):,} resources, and one change holds "
            f"at most {ITEM_LIMIT:,}. Split it.",
            field="document",
        )
    return replace(change, items=brought.items)


def _remember(
    change: ChangeRequest, asked: DocumentAsked, read: Read, remarks: tuple[str, ...]
) -> None:
    made = read.made
    whole = {
        "documents": [
            [kind, resource_id, document]
            for (kind, resource_id), document in made.documents.items()
        ],
        "takes": made.takes,
        "document": kept_of(read.document),
    }
    SpecImport.objects.get_or_create(
        change=change,
        defaults={
            "gateway": asked.gateway,
            "spec": made.spec,
            "title": made.title,
            "version": made.version,
            "url": asked.url,
            "options": asked.options_told(),
            "remarks": remarks[:REMARKS_LIMIT],
            "sealed": sealing.seal(whole),
        },
    )


@contextmanager
def _pointers_told(brought: Brought) -> Iterator[None]:
    """Add to an error where the document says what is at fault."""
    try:
        yield
    except ChangeError as error:
        pointers = {field_of(key): told for key, told in brought.pointers.items()}
        for finding in error.extra.get("findings", []):
            finding["pointer"] = _nearest(pointers, finding["field"])
        if at := _nearest(pointers, error.field):
            extra = {"pointer": at} | error.extra
            raise type(error)(
                f"{error} (the document says it at {at})", field=error.field, **extra
            ) from error
        raise


def _nearest(pointers: dict[str, str], field: str) -> str:
    """Return where the document says the resource that a field is of."""
    path, _, rest = field.partition(".")
    if path not in KIND_BY_PATH:
        return ""
    while rest and f"{path}.{rest}" not in pointers:
        rest = rest.rpartition(".")[0]
    return pointers.get(f"{path}.{rest}", "")
