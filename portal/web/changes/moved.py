"""What moved on the gateway beside a change, as pages show it: fields, not documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from gateway.diff import diff
from gateway.semantic_diff import told_of
from portal.changes.conflict import Compared, Conflict
from portal.web.items import ShownItem
from portal.web.parts import ROWS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Moved:
    """One resource that moved: `shown` tells in what `before` and `after` differ."""

    compared: Compared
    shown: ShownItem | None = None
    before: "StrOrPromise" = ""
    after: "StrOrPromise" = ""

    @classmethod
    def of(cls, one: Compared) -> "Moved":
        base, live = one.item.base, one.shown_live
        if live is None:
            return cls(one)
        if base is not None:
            return cls(one, _shown(one, base), _("Asked from"), _("live now"))
        return cls(one, _shown(one, one.item.wanted), _("Yours"), _("live now"))


def _shown(one: Compared, before: dict[str, object] | None) -> ShownItem:
    live = one.shown_live
    return ShownItem(
        action="update",
        kind=one.item.kind,
        id=one.item.resource_id,
        base=before,
        wanted=live,
        groups=told_of(diff(before, live), before, live),
        number=one.number,
    )


@dataclass(frozen=True)
class ShownConflict:
    """Those that collide, each with its choices; of those that go together so many.

    `more` counts the rest of these: nobody has to choose there.
    """

    trouble: str
    rows: Sequence[Moved]
    more: int
    has_clashes: bool

    @classmethod
    def of(cls, conflict: Conflict) -> "ShownConflict":
        clashing = [one for one in conflict.items if one.clashes]
        others = [one for one in conflict.items if not one.clashes]
        return cls(
            trouble=conflict.trouble,
            rows=[Moved.of(one) for one in [*clashing, *others[:ROWS]]],
            more=max(len(others) - ROWS, 0),
            has_clashes=bool(clashing),
        )
