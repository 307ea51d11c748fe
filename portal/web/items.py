"""The items of a revision, as pages show them: all named, so many at a time in full."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.diff import Difference, Op, diff
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
    """One resource with its differences, field by field; `number` counts from 1."""

    action: str
    kind: str
    id: str
    base: Any
    wanted: Any
    differences: Sequence[Difference]
    number: int = 0

    @classmethod
    def of(cls, item: Item) -> "ShownItem":
        return cls(
            action=item.action,
            kind=item.kind,
            id=item.resource_id,
            base=item.base,
            wanted=item.wanted,
            differences=by_field(diff(item.base, item.wanted)),
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
            differences=by_field(item.differences),
        )

    @classmethod
    def of_drift(cls, drift: Drift) -> "ShownItem":
        return cls(
            action=AS_ITEM[What(drift.what)],
            kind=drift.kind,
            id=drift.resource_id,
            base=drift.baseline,
            wanted=drift.live,
            differences=by_field(drift.differences),
        )

    @property
    def sign(self) -> str:
        return {"create": "plus", "delete": "minus"}.get(self.action, "edit")


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


def by_field(differences: Sequence[Difference]) -> list[Difference]:
    """Take objects that come or go apart, so that each row names one field."""
    rows: list[Difference] = []
    for one in differences:
        value = one.after if one.op is Op.ADD else one.before
        if one.op is not Op.CHANGE and isinstance(value, dict) and value:
            is_added = one.op is Op.ADD
            rows += by_field(
                [
                    Difference(
                        (*one.path, name),
                        one.op,
                        None if is_added else value[name],
                        value[name] if is_added else None,
                    )
                    for name in value
                ]
            )
        else:
            rows.append(one)
    return rows


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
