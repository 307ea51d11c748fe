"""Keep what a gateway was last seen to hold, for lists that must not ask it each time.

The mirror is never the truth: proposals and deliveries read live. It is brought to
each look at the whole gateway, and to each delivery as part of writing its end. So
where a look finds something else, somebody else wrote it: a `Watch` is told.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gateway.carry import carried
from gateway.catalogue import catalogue_of, known_catalogue
from gateway.errors import GatewayError
from gateway.models import Gateway, Resource
from gateway.readable import alike
from gateway.rows import CHANGING, keep_facets, new_mark, row_of
from gateway.sighting import BATCH, Key, Move, Sighting, look, rows_of

__all__ = ["Move", "Watch", "Written", "catalogue_of", "note", "refresh"]

Document = dict[str, Any]

# A look takes a request per kind and per consumer; a reader that died is over then.
LOOK_AT_MOST = timedelta(minutes=2)


class Watch(Protocol):
    """Who wants to know what moved outside of this desk; made before the look."""

    def under_way(self) -> Set[Key]:
        """Return what the desk itself may have written since: left to the next look."""

    def moved(self, moves: Sequence[Move], sighting: Sighting) -> None:
        """Take note, in the transaction that brings the mirror to it."""


@dataclass(frozen=True)
class Written:
    """One resource that a delivery brought from `before` to `after`; None: not there."""

    kind: str
    resource_id: str
    before: Document | None
    after: Document | None


def refresh(gateway: Gateway, watch: Watch | None = None) -> bool:
    """Read the whole gateway and bring the mirror to it; say whether that was done.

    It is not where somebody else reads the gateway now, and not in trouble: that is
    kept in `gateway.trouble`, and the mirror stays as it was, with its old
    `mirrored_at`.
    """
    with _alone(gateway) as is_alone:
        if not is_alone:
            return False
        try:
            sighting = look(gateway)
        except GatewayError as error:
            _tell(gateway, trouble=str(error))
            return False
        _bring(gateway, sighting, watch)
    return True


@contextmanager
def _alone(gateway: Gateway) -> Iterator[bool]:
    """Give whether this is the only reader of the gateway, and keep it so meanwhile."""
    now = timezone.now()
    this = Gateway.objects.filter(pk=gateway.pk)
    free = Q(mirroring_until=None) | Q(mirroring_until__lt=now)
    until = now + LOOK_AT_MOST
    is_alone = bool(this.filter(free).update(mirroring_until=until))
    try:
        yield is_alone
    finally:
        if is_alone:
            this.filter(mirroring_until=until).update(mirroring_until=None)


@transaction.atomic
def _bring(gateway: Gateway, sighting: Sighting, watch: Watch | None) -> None:
    """Write what moved and tell the watch, unless the gateway was never seen before."""
    # Against deliveries that end: what they note and that they ended come together.
    is_first = Gateway.objects.locked().get(pk=gateway.pk).mirrored_at is None
    under_way = watch.under_way() if watch else frozenset()
    now = _marks(gateway) if sighting.moves or sighting.renewed else {}

    def is_as_it_was(key: Key) -> bool:
        mark = now[key][1] if key in now else None
        return key not in under_way and mark == sighting.marks.get(key)

    moves = [move for move in sighting.moves if is_as_it_was(move.key)]
    if watch and not is_first:
        watch.moved(moves, sighting)
    _save(move.after for move in moves if move.after)
    _save(row for row in sighting.renewed if is_as_it_was((row.kind, row.resource_id)))
    _delete([now[move.key][0] for move in moves if move.after is None])
    _tell(
        gateway,
        version=sighting.version,
        answered_at=sighting.started,
        mirrored_at=sighting.started,
        trouble="",
    )


def _marks(gateway: Gateway) -> dict[Key, tuple[int, str]]:
    """Return {(kind, id): (pk, mark)} of the mirror now."""
    rows = Resource.objects.filter(gateway=gateway).order_by()
    return {
        (kind, resource_id): (pk, mark)
        for kind, resource_id, pk, mark in rows.values_list(
            "kind", "resource_id", "pk", "mark"
        )
    }


def _tell(gateway: Gateway, **fields: Any) -> None:
    """Write what a look told of the gateway itself; nothing else of the row."""
    Gateway.objects.filter(pk=gateway.pk).update(**fields)
    for name, value in fields.items():
        setattr(gateway, name, value)


def note(gateway: Gateway, writes: Sequence[Written]) -> bool:
    """Do to the mirror what a delivery did, within the transaction that ends it.

    The caller holds the gateway's lock. What somebody else did to the same resources
    since they were last seen is not taken over, so that the next look finds it: returns
    whether there is any.
    """
    schemas, now = known_catalogue(gateway), timezone.now()
    rows = {
        (row.kind, row.resource_id): row
        for row in rows_of(gateway, [(one.kind, one.resource_id) for one in writes])
    }
    kept, gone, is_stale = [], [], False
    for one in writes:
        row = rows.get((one.kind, one.resource_id))
        document = carried(row.whole() if row else None, one.before, one.after)
        is_stale = is_stale or not alike(
            one.kind, document, one.after, version=schemas.version, schemas=schemas
        )
        if document is not None:
            kept.append(
                row_of(
                    gateway,
                    one.kind,
                    one.resource_id,
                    document,
                    schemas=schemas,
                    seen=now,
                    mark=new_mark(),
                )
            )
        elif row is not None:
            gone.append(row.pk)
    _save(kept)
    _delete(gone)
    return is_stale


def _save(rows: Iterable[Resource]) -> None:
    saved = Resource.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["gateway", "kind", "resource_id"],
        update_fields=CHANGING,
    )
    for start in range(0, len(saved), BATCH):
        keep_facets(saved[start : start + BATCH])


def _delete(pks: Sequence[int]) -> None:
    for start in range(0, len(pks), BATCH):
        Resource.objects.filter(pk__in=pks[start : start + BATCH]).delete()
