"""Bring one resource to what an item says, and know where it then stands.

What is read back, not what was sent or answered, tells. A time-out is not a failure:
the request may still arrive until its deadline has passed, so until then we read, and
nothing is ever resent blindly.
"""

import time

from django.conf import settings

from gateway.errors import GatewayError, NotFound, StillReferenced, UnknownOutcome
from gateway.live import Live
from gateway.references import holders_of, referrers
from portal.changes.models import Item, Outcome, Step, StepKind
from portal.changes.steps import Document, Requests
from portal.changes.verify import Position, cannot_be_read_back, position

# The gateway's reference guards read memory that lags behind its store.
GUARDS_LAG_AT_MOST = 10.0
# With these a write changed nothing.
CHANGED_NOTHING = (Outcome.INVALID, Outcome.REFUSED, Outcome.UNREACHABLE)


def look(
    requests: Requests,
    item: Item,
    kind: StepKind = StepKind.READ,
    *,
    first: Position = Position.WANTED,
) -> Position:
    """Read the item's resource and say where it stands. Raises GatewayError, LeaseLost."""
    return position(
        item.kind,
        requests.read(item, kind),
        base=item.whole_base(),
        wanted=item.whole_wanted(),
        schemas=requests.schemas,
        first=first,
    )


def bring(requests: Requests, item: Item, *, to: Position) -> Position:
    """Write what is wanted, or what was before; return where the resource then stands.

    Raises GatewayError when that cannot be known or the gateway refused, LeaseLost.
    """
    is_restore = to is Position.BASE
    document = item.whole_base() if is_restore else item.whole_wanted()
    try:
        _send(
            requests, item, document, StepKind.RESTORE if is_restore else StepKind.WRITE
        )
    except GatewayError as error:
        if not error.sent:
            raise
        seen = _settled(requests, item, to, error)
        # A read cannot prove a field that GET never returns.
        if seen is to and not cannot_be_read_back(item.kind, document):
            return seen
        if seen is Position.MOVED:
            return seen
        raise
    return look(requests, item, StepKind.VERIFY, first=to)


def last_write(item: Item) -> Step | None:
    """Return the last request that may have changed the resource, if any was sent."""
    return (
        item.steps.filter(kind__in=[StepKind.WRITE, StepKind.RESTORE])
        .exclude(outcome__in=CHANGED_NOTHING)
        .order_by("pk")
        .last()
    )


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


def _send(
    requests: Requests, item: Item, document: Document | None, kind: StepKind
) -> None:
    """Send the write; wait for reference guards that lag behind what we can read."""
    until = time.monotonic() + GUARDS_LAG_AT_MOST
    pause = 0.1
    while True:
        try:
            requests.write(item, document, kind)
            return
        except NotFound:
            if document is not None:
                raise
            return  # somebody deleted it since we looked: it is as we want it
        except StillReferenced:
            if time.monotonic() + pause > until or _is_really_referenced(
                requests, item, document
            ):
                raise
        time.sleep(pause)
        pause = min(pause * 2, 1.0)


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


def _settled(
    requests: Requests, item: Item, to: Position, error: GatewayError
) -> Position:
    """Read until the resource is as it shall be, or the request can no longer arrive."""
    # Only a request without an answer may still be under way.
    until = requests.written_at + (
        settings.GATEWAY_REQUEST_DEADLINE if isinstance(error, UnknownOutcome) else 0
    )
    pause = 0.1
    while True:
        is_over = time.monotonic() >= until
        seen = look(requests, item, StepKind.VERIFY, first=to)
        if seen is not _before(to) or is_over:
            return seen
        requests.lease.keep()
        time.sleep(min(pause, max(until - time.monotonic(), 0)))
        pause = min(pause * 2, 1.0)


def _before(to: Position) -> Position:
    return Position.BASE if to is Position.WANTED else Position.WANTED
