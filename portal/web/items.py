"""The items of a revision, as pages show them: all named, so many at a time in full."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.canonical import number_form
from gateway.diff import diff
from gateway.documents import SERVER_MANAGED
from gateway.line_diff import Stretch, line_diff
from gateway.semantic_diff import Group, told_of
from gateway.sentences import sentence
from portal.changes.models import Item, Revision
from portal.changes.plan import Plan, PlannedItem
from portal.drift.models import Drift, What

# A change of more items is told by a list of all of them and parts of so many.
PER_PART = 50
# A drift looks like the item of a change that would have done it.
AS_ITEM = {What.CREATED: "create", What.ALTERED: "update", What.DELETED: "delete"}


@dataclass(frozen=True)
class ShownItem:
    """One resource and in what its documents differ; `number` counts from 1."""

    action: str
    kind: str
    id: str
    base: Any
    wanted: Any
    groups: Sequence[Group]
    number: int = 0

    @classmethod
    def of(cls, item: Item) -> "ShownItem":
        return cls(
            action=item.action,
            kind=item.kind,
            id=item.resource_id,
            base=item.base,
            wanted=item.wanted,
            groups=told_of(diff(item.base, item.wanted), item.base, item.wanted),
            number=item.position + 1,
        )

    @classmethod
    def planned(cls, item: PlannedItem) -> "ShownItem":
        return cls(
            action=item.action,
            kind=item.kind.name,
            id=item.id,
            base=item.shown_base,
            wanted=item.shown_wanted,
            groups=told_of(item.differences, item.shown_base, item.shown_wanted),
        )

    @classmethod
    def of_drift(cls, drift: Drift) -> "ShownItem":
        return cls(
            action=AS_ITEM[What(drift.what)],
            kind=drift.kind,
            id=drift.resource_id,
            base=drift.baseline,
            wanted=drift.live,
            groups=told_of(drift.differences, drift.baseline, drift.live),
        )

    @property
    def sign(self) -> str:
        return {"create": "plus", "delete": "minus"}.get(self.action, "edit")

    @property
    def fields(self) -> int:
        """How many fields differ."""
        return sum(
            len(fact.differences) for group in self.groups for fact in group.facts
        )

    @property
    def lines(self) -> list[Stretch]:
        """Return both documents as JSON, line by line; nothing where one is missing."""
        if self.base is None or self.wanted is None:
            return []
        return line_diff(_json(self.base), _json(self.wanted))


def _json(document: dict[str, Any]) -> str:
    """Return what the differences are made of, in an order that both sides share."""
    kept = {k: v for k, v in document.items() if k not in SERVER_MANAGED}
    return json.dumps(number_form(kept), indent=2, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True)
class ShownPlan:
    """What would be done, before anything is stored."""

    items: Sequence[ShownItem]
    summary: str
    has_blockers: bool

    @classmethod
    def of(cls, plan: Plan) -> "ShownPlan":
        return cls(
            items=[ShownItem.planned(item) for item in plan.items],
            summary=plan.summary,
            has_blockers=bool(plan.blockers),
        )


@dataclass(frozen=True)
class Line:
    """One item in the list of all: what happens to it in one sentence."""

    number: int
    sentence: str
    part: int


@dataclass(frozen=True)
class Part:
    """Some items in full. `lines` names all of them, where these are not all."""

    items: Sequence[ShownItem]
    count: int
    number: int = 1
    lines: Sequence[Line] = ()

    @property
    def parts(self) -> int:
        return -(-self.count // PER_PART) or 1

    @property
    def is_whole(self) -> bool:
        return self.parts == 1


def part_of(revision: Revision, number: int = 1) -> Part:
    """Return the items of one part, numbered from 1; the last one when beyond it.

    One query: whoever approves sees every item named.
    """
    rows = list(
        revision.items.defer("base_sealed", "wanted_sealed").order_by("position")
    )
    last = -(-len(rows) // PER_PART) or 1
    number = min(max(number, 1), last)
    first = (number - 1) * PER_PART
    return Part(
        items=[ShownItem.of(row) for row in rows[first : first + PER_PART]],
        count=len(rows),
        number=number,
        lines=[]
        if last == 1
        else [
            Line(
                row.position + 1,
                sentence(row.action, row.kind, row.resource_id, row.base, row.wanted),
                row.position // PER_PART + 1,
            )
            for row in rows
        ],
    )
