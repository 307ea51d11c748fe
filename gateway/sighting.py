"""One look at a whole gateway, and what is not as it was last seen.

What was read is compared with the mirror as it stood before the look began, so a row
that anybody wrote meanwhile is told by its mark and left to the next look.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gateway.catalogue import catalogue_of, known_catalogue
from gateway.connect import connect
from gateway.kinds import KINDS
from gateway.models import Gateway, Resource
from gateway.readable import alike
from gateway.rows import mark_of, row_of
from gateway.schemas import Schemas
from gateway.snapshot import take

Document = dict[str, Any]
Key = tuple[str, str]

# A version that stored its schemas' defaults: compared so, they make no difference.
STORED_DEFAULTS = "0"
BATCH = 500


@dataclass(frozen=True)
class Move:
    """A resource that is not as it was last seen; None is "not there".

    `after` is a row that is not saved yet.
    """

    before: Resource | None
    after: Resource | None

    @property
    def key(self) -> Key:
        row = self.after or self.before
        if row is None:
            raise ValueError("Nothing moved.")
        return row.kind, row.resource_id


@dataclass(frozen=True)
class Sighting:
    """A gateway as read from `started` on, beside what the mirror knew by then.

    `renewed` are rows that mean what they meant and are only written otherwise;
    `marks` is {(kind, id): mark} of the mirror before the look.
    """

    started: datetime
    version: str
    schemas: Schemas
    moves: list[Move]
    renewed: list[Resource]
    marks: dict[Key, str]


def look(gateway: Gateway) -> Sighting:
    """Read the whole gateway: one list per kind. Raises GatewayError, and nothing is told."""
    started = timezone.now()
    marks = {
        (kind, resource_id): mark
        for kind, resource_id, mark in Resource.objects.filter(gateway=gateway)
        .order_by()
        .values_list("kind", "resource_id", "mark")
    }
    former = known_catalogue(gateway)
    with connect(gateway) as client:
        version = client.version()
        schemas = catalogue_of(gateway, client, version=version)
        snapshot = take(client)
    is_new_version = bool(gateway.version) and gateway.version != version
    found: dict[Key, str] = {}
    for key, document in snapshot.documents.items():
        mark = mark_of(document)
        if mark != marks.get(key) or is_new_version:
            found[key] = mark
    gone = [
        key
        for key in marks
        if key[0] in snapshot.kinds and key not in snapshot.documents
    ]
    before = {
        (row.kind, row.resource_id): row
        for row in rows_of(gateway, [key for key in (*found, *gone) if key in marks])
    }
    moves = [Move(before[key], None) for key in gone if key in before]
    renewed: list[Resource] = []
    for key, mark in sorted(found.items()):
        document, known = snapshot.documents[key], before.get(key)
        is_alike = known is not None and _is_alike(
            known, document, schemas, former if is_new_version else None
        )
        row = row_of(
            gateway,
            *key,
            document | never_shown(known) if is_alike else document,
            schemas=schemas,
            seen=started,
            mark=mark,
        )
        if is_alike:
            renewed.append(row)
        else:
            moves.append(Move(known, row))
    return Sighting(started, version, schemas, moves, renewed, marks)


def rows_of(gateway: Gateway, keys: Iterable[Key]) -> Iterator[Resource]:
    """Yield the mirror's rows of these resources, in a query per kind and 500 ids."""
    by_kind: dict[str, list[str]] = {}
    for kind, resource_id in keys:
        by_kind.setdefault(kind, []).append(resource_id)
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), BATCH):
            yield from Resource.objects.filter(
                gateway=gateway,
                kind=kind,
                resource_id__in=ids[start : start + BATCH],
            )


def _is_alike(
    known: Resource, document: Document, schemas: Schemas, former: Schemas | None
) -> bool:
    """Say whether the document is what was known, as far as a read can tell.

    `former` are the schemas of the gateway's version before this one, when it changed:
    what either version fills in is then no difference.
    """
    whole = known.whole()
    if alike(known.kind, whole, document, version=schemas.version, schemas=schemas):
        return True
    return former is not None and any(
        alike(known.kind, whole, document, version=STORED_DEFAULTS, schemas=one)
        for one in (former, schemas)
    )


def never_shown(row: Resource | None) -> Document:
    """Return what is known of a resource although its gateway never shows it."""
    if row is None or not (hidden := KINDS[row.kind].write_only):
        return {}
    return {name: value for name, value in row.whole().items() if name in hidden}
