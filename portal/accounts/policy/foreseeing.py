"""What asking for a change of policy would do, told before one asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.models import PolicyChange
from portal.accounts.policy.deciders import foretold_of
from portal.accounts.policy.deciding import drafted
from portal.accounts.policy.kinds import kind_of
from portal.accounts.policy.waiting import rivals_of


@dataclass(frozen=True)
class Foreseen:
    """What would be different, when it would count, and what else waits about that."""

    points: Sequence[str]
    foretold: str
    rivals: Sequence[PolicyChange]


def foresee(
    kind: str, wanted: dict[str, Any], *, scope: Gateway | None, actor: Actor
) -> Foreseen:
    """Look what asking for it would do. Raises as `propose_policy`, but for the reason."""
    change = drafted(kind, wanted, scope=scope, actor=actor)
    points = kind_of(kind).sentences(change.base, change.wanted)
    return Foreseen(points, foretold_of(change), rivals_of(change))
