"""Bring resources to what items say, and know where they then stand.

What is read back, not what was sent or answered, tells. A time-out is not a failure:
the request may still arrive until its deadline has passed, so until then we read, and
nothing is ever resent blindly.
"""

import time
from collections.abc import Sequence

from django.conf import settings

from gateway.errors import GatewayError, NotFound, StillReferenced, UnknownOutcome
from gateway.live import Live
from gateway.references import holders_of, referrers
from portal.changes.models import Item, Outcome, Position, Step, StepKind
from portal.changes.steps import Document, Requests
from portal.changes.verify import cannot_be_read_back

# The gateway's reference guards read memory that lags behind its store.
GUARDS_LAG_AT_MOST = 10.0
# With these a write changed nothing.
CHANGED_NOTHING = (Outcome.INVALID, Outcome.REFUSED, Outcome.UNREACHABLE)


def bring(
    requests: Requests, items: Sequence[Item], *, to: Position
) -> dict[int, Position]:
    """Write what is wanted, or what was before; return where each resource then stands.

    At most BATCH items, none of which waits for another. Raises LeaseLost, and
    GatewayError when an outcome cannot be known or the gateway refused: the gravest,
    once every item has been tried.
    """
    kind = StepKind.RESTORE if to is Position.BASE else StepKind.WRITE
    documents = {
        item.pk: item.whole_base() if to is Position.BASE else item.whole_wanted()
        for item in items
    }
    failed = requests.write([(item, documents[item.pk]) for item in items], kind)
    seen: dict[int, Position] = {}
    errors: list[GatewayError] = []
    for item in items:
        document, error = documents[item.pk], failed.get(item.pk)
        try:
            if isinstance(error, StillReferenced):
                error = _insist(requests, item, document, kind, error)
            # What somebody deleted meanwhile is as we want it.
            if error and not (isinstance(error, NotFound) and document is None):
                seen[item.pk] = _after(requests, item, document, to, error)
        except GatewayError as trouble:
            errors.append(trouble)
    if errors:
        raise min(errors, key=lambda error: error.retryable)
    written = [item for item in items if item.pk not in seen]
    if written:
        seen |= requests.look(written, StepKind.VERIFY, first=to)
    return seen


def _after(
    requests: Requests,
    item: Item,
    document: Document | None,
    to: Position,
    error: GatewayError,
) -> Position:
    """Return where a resource stands after a write that went wrong.

    Raises the error where that is not told by reading.
    """
    if not error.sent:
        raise error
    # Only a request without an answer may still be under way.
    arrives_by = (
        _arrives_by(requests) if isinstance(error, UnknownOutcome) else time.monotonic()
    )
    seen = _settled(requests, item, to, arrives_by)
    # A read cannot prove a field that GET never returns.
    if seen is to and not cannot_be_read_back(item.kind, document):
        return seen
    if seen is Position.MOVED:
        return seen
    raise error


def last_write(item: Item) -> Step | None:
    """Return the last request that may have changed the resource, if any was sent."""
    return (
        item.steps.filter(kind__in=[StepKind.WRITE, StepKind.RESTORE])
        .exclude(outcome__in=CHANGED_NOTHING)
        .order_by("pk")
        .last()
    )


def stands(requests: Requests, item: Item) -> Position:
    """Say where a written item stands, once no write of it can be under way any more.

    A proxy that answers that it gave up waiting does not know what becomes of it.
    Raises GatewayError, LeaseLost.
    """
    last = last_write(item)
    is_answered = last is not None and last.outcome == Outcome.ACCEPTED
    until = time.monotonic() if is_answered else _arrives_by(requests)
    return _settled(requests, item, Position.WANTED, until, StepKind.READ)


def may_be_written(item: Item) -> bool:
    """Whether a write of this item may have reached the gateway and stands."""
    last = last_write(item)
    return last is not None and not (
        last.kind == StepKind.RESTORE and last.outcome == Outcome.ACCEPTED
    )


def is_surely_written(item: Item) -> bool:
    """Whether the gateway accepted a write of this item, and nothing came after it."""
    last = last_write(item)
    return (
        last is not None
        and last.kind == StepKind.WRITE
        and last.outcome == Outcome.ACCEPTED
    )


def _insist(
    requests: Requests,
    item: Item,
    document: Document | None,
    kind: StepKind,
    error: GatewayError,
) -> GatewayError | None:
    """Write again while reference guards lag behind what we can read.

    Returns what the last try ended with. Raises GatewayError, LeaseLost.
    """
    until = time.monotonic() + GUARDS_LAG_AT_MOST
    pause = 0.1
    last: GatewayError | None = error
    while isinstance(last, StillReferenced):
        if time.monotonic() + pause > until or _is_really_referenced(
            requests, item, document
        ):
            return last
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
        last = requests.write([(item, document)], kind).get(item.pk)
    return last


def _is_really_referenced(
    requests: Requests, item: Item, document: Document | None
) -> bool:
    """Whether our own read shows what the gateway's guard complains about.

    Deleting: something still names it. Writing a global rule: another one holds a
    plugin of it, and at most one may.
    """
    requests.lease.keep()
    live = Live(requests.client)
    if document is None:
        among = {kind: live.documents(kind) for kind in holders_of([item.kind])}
        return any(referrers(item.kind, item.resource_id, among=among))
    plugins = set(document.get("plugins") or {})
    return any(
        plugins & set(other.get("plugins") or {})
        for other_id, other in live.documents("global_rule").items()
        if other_id != item.resource_id
    )


def _arrives_by(requests: Requests) -> float:
    """Return when, on the monotonic clock, no write of ours can arrive any more."""
    deadline: float = settings.GATEWAY_REQUEST_DEADLINE
    return requests.written_at + deadline


def _settled(
    requests: Requests,
    item: Item,
    to: Position,
    until: float,
    kind: StepKind = StepKind.VERIFY,
) -> Position:
    """Read until the resource is as it shall be, or the request can no longer arrive."""
    pause = 0.1
    while True:
        is_over = time.monotonic() >= until
        seen = requests.look([item], kind, first=to)[item.pk]
        if seen is not _before(to) or is_over:
            return seen
        requests.lease.keep()
        time.sleep(min(pause, max(until - time.monotonic(), 0)))
        pause = min(pause * 2, 1.0)


def _before(to: Position) -> Position:
    return Position.BASE if to is Position.WANTED else Position.WANTED
