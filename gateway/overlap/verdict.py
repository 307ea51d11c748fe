"""What is said of a route that changes and of those that answer the same requests."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.overlap.example import Example


class Kind(StrEnum):
    """What one verdict is about.

    OVERLAPS: some request is accepted by both; one of the two goes first. AMBIGUOUS: the
    same, but only the order in which APISIX loads them decides. UNREACHABLE: the others
    answer every request of the changed route. TAKES_OVER: it answers requests that the
    other answers now. REPLACES: it leaves the other none. GIVES_UP: it no longer answers
    requests that it answers now; the others do, or nobody.
    """

    OVERLAPS = "overlaps"
    AMBIGUOUS = "ambiguous"
    UNREACHABLE = "unreachable"
    TAKES_OVER = "takes_over"
    REPLACES = "replaces"
    GIVES_UP = "gives_up"


class Reason(StrEnum):
    """Why one of two goes first."""

    HOST = "host"
    EXACT = "exact"
    PREFIX = "prefix"
    PRIORITY = "priority"
    LENGTH = "length"
    ORDER = "order"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One thing that is so once the change is applied, and a request that proves it.

    `others` are ids, several where they answer together or it is open which one does.
    `winner` is the one of the two that goes first, for its `reason`. `is_new` is false
    for what is so already. `layer` names the other change that brings the others.
    `assumes_filter`: a `filter_func` was taken to accept the example.
    """

    kind: Kind
    route: str
    others: tuple[str, ...]
    example: Example
    winner: str = ""
    reason: Reason | None = None
    is_new: bool = True
    layer: str = ""
    assumes_filter: bool = False
