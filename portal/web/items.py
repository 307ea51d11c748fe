"""One resource and in what its documents differ, as pages show it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.canonical import number_form
from gateway.diff import diff
from gateway.documents import SERVER_MANAGED
from gateway.line_diff import Stretch, line_diff
from gateway.semantic_diff import Group, told_of
from portal.changes.models import Item
from portal.changes.plan import Plan, PlannedItem
from portal.drift.models import Drift, What

# A preview shows so many; the page of the change itself tells all.
PREVIEWED = 30
SIGNS = {"create": "plus", "update": "edit", "delete": "minus"}
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
        return SIGNS[self.action]

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
    count: int
    summary: str
    has_blockers: bool

    @classmethod
    def of(cls, plan: Plan) -> "ShownPlan":
        return cls(
            items=[ShownItem.planned(item) for item in plan.items[:PREVIEWED]],
            count=len(plan.items),
            summary=plan.summary,
            has_blockers=bool(plan.blockers),
        )
