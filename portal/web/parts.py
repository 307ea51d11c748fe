"""The items of a revision: a few in full; of many a table, the gravest first, in parts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from gateway.sentences import sentence
from portal.changes.findings import Severity
from portal.changes.models import Item, Revision
from portal.web.items import SIGNS, ShownItem
from portal.web.pages import words_in

# Up to so many items are shown in full; of more, so many rows at a time.
IN_FULL, ROWS = 30, 100
GRAVITY = [Severity.BLOCKER, Severity.WARNING, Severity.INFO, ""]
ACTIONS = ["delete", "update", "create"]


@dataclass(frozen=True)
class Row:
    """One item of many, in a sentence; `severity` is that of its heaviest finding."""

    number: int
    action: str
    kind: str
    id: str
    sentence: str
    severity: str
    found: int

    @property
    def sign(self) -> str:
        return SIGNS[self.action]


@dataclass(frozen=True, kw_only=True)
class InParts(ABC):
    """One part of the `found` rows: `number`, which counts from 1."""

    found: int = 0
    number: int = 1
    rows: Sequence[Any] = ()

    @abstractmethod
    def address_of(self, number: int) -> str:
        """Return where another part is shown, from its own page."""

    @property
    def parts(self) -> int:
        return -(-self.found // ROWS) or 1

    @property
    def first(self) -> int:
        return (self.number - 1) * ROWS + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def newer(self) -> str:
        return self.address_of(self.number - 1) if self.number > 1 else ""

    @property
    def older(self) -> str:
        return self.address_of(self.number + 1) if self.number < self.parts else ""


@dataclass(frozen=True, kw_only=True)
class Part(InParts):
    """All items in full, or some rows of many.

    `found` of the `count` items are what `search` (words of an id or a kind) and `code`
    (of a finding) leave; `number` of the part counts from 1.
    """

    count: int
    kinds: Set[str]
    items: Sequence[ShownItem] = ()
    search: str = ""
    code: str = ""

    @property
    def is_whole(self) -> bool:
        return self.count <= IN_FULL

    def address_of(self, number: int) -> str:
        kept = {"find": self.search, "code": self.code}
        given = {name: value for name, value in kept.items() if value}
        return "?" + urlencode(given | {"part": number})


def part_of(revision: Revision, request: HttpRequest) -> Part:
    """Return the items as the address asks for them. Two queries.

    Only the documents of what is shown are read, however many items there are.
    """
    named = list(
        revision.items.order_by("position").values_list(
            "position", "action", "kind", "resource_id"
        )
    )
    kinds = {kind for _, _, kind, _ in named}
    if len(named) <= IN_FULL:
        return Part(
            count=len(named),
            kinds=kinds,
            items=[ShownItem.of(row) for row in items_at(revision)],
        )
    found: dict[int, list[Mapping[str, Any]]] = {}
    for finding in revision.findings:
        found.setdefault(finding["item"], []).append(finding)
    search, code = words_in(request, "find"), words_in(request, "code", 80)
    kept = [
        (position, action)
        for position, action, kind, resource_id in named
        if search.casefold() in f"{kind} {resource_id}".casefold()
        and (not code or any(one["code"] == code for one in found.get(position, [])))
    ]
    kept.sort(key=lambda one: (_gravity(found.get(one[0])), ACTIONS.index(one[1])))
    number = number_of(request.GET.get("part", ""), -(-len(kept) // ROWS))
    positions = [one[0] for one in kept[(number - 1) * ROWS : number * ROWS]]
    rows = {row.position: row for row in items_at(revision, positions)}
    return Part(
        count=len(named),
        kinds=kinds,
        rows=[_row(rows[at], found.get(at, [])) for at in positions],
        found=len(kept),
        number=number,
        search=search,
        code=code,
    )


def items_at(revision: Revision, positions: Sequence[int] | None = None) -> list[Item]:
    """Return items, those at these positions or all, as one may show them. One query."""
    items = revision.items.defer("base_sealed", "wanted_sealed").order_by("position")
    if positions is not None:
        items = items.filter(position__in=positions)
    return list(items)


def _row(item: Item, found: Sequence[Mapping[str, Any]]) -> Row:
    return Row(
        number=item.position + 1,
        action=item.action,
        kind=item.kind,
        id=item.resource_id,
        sentence=sentence(
            item.action, item.kind, item.resource_id, item.base, item.wanted
        ),
        severity=GRAVITY[_gravity(found)],
        found=len(found),
    )


def _gravity(found: Sequence[Mapping[str, Any]] | None) -> int:
    """Return the index of the heaviest finding's severity; the last for none."""
    return min((GRAVITY.index(one["severity"]) for one in found or ()), default=3)


def number_of(text: str, last: int) -> int:
    """Return the number of a part: the nearest that there is, the first for nonsense."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1
    return min(max(number, 1), max(last, 1))
