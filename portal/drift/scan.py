"""Find what was changed on a gateway outside of Gatehouse.

One read of the gateway serves the mirror and the scan. Whatever moved since it was
last seen, and no delivery of ours did, is a drift from the baseline: what was last
seen before it, or what the drift that already stands there counts from.
"""

from collections.abc import Iterator, Sequence, Set

from gateway.carry import carried
from gateway.mirror import Move, refresh
from gateway.models import Gateway, Resource
from gateway.sighting import BATCH, Key, Sighting
from portal.accounts.actor import Actor
from portal.changes.models import Item
from portal.changes.under_way import moment, under_way
from portal.drift import ours
from portal.drift.judge import Judge, baseline_of
from portal.drift.models import Drift
from portal.drift.settle import settle_standing

SCANNER = Actor.system("drift scan")


def scan(gateway: Gateway) -> bool:
    """Read the gateway and record every drift; say whether that was done.

    It is not where the gateway is in trouble (`gateway.trouble`), nor where somebody
    else reads it now. What a gateway holds when it is first seen is its baseline.
    """
    return refresh(gateway, _Drifts(gateway))


class _Drifts:
    """Takes note of what moved on one gateway while it was looked at (a Watch)."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._began = moment(gateway)

    def under_way(self) -> Set[Key]:
        return under_way(self.gateway, self._began)

    def moved(self, moves: Sequence[Move], sighting: Sighting) -> None:
        judge = Judge(self.gateway, sighting.schemas)
        settle_standing(judge)
        standing = dict(self._standing([move.key for move in moves]))
        left = self._left_behind() if moves else {}
        for move in moves:
            drift = standing.get(move.key)
            known = baseline_of(drift) if drift else move.before
            baseline = _with_ours(judge, move, known, left.get(move.key, ()))
            # What moved is not alike: the look has compared these two.
            is_different = baseline is move.before
            judge.judge(drift, baseline, move.after, is_different=is_different)
        judge.record(SCANNER)

    def _left_behind(self) -> dict[Key, list[Item]]:
        seen = self.gateway.mirrored_at
        return ours.left_behind(self.gateway, seen) if seen else {}

    def _standing(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Drift]]:
        ids = sorted({resource_id for _, resource_id in keys})
        for start in range(0, len(ids), BATCH):
            for drift in (
                Drift.objects.filter(gateway=self.gateway)
                .standing()
                .filter(resource_id__in=ids[start : start + BATCH])
                .select_related("gateway", "change")
            ):
                yield (drift.kind, drift.resource_id), drift


def _with_ours(
    judge: Judge, move: Move, baseline: Resource | None, left: Sequence[Item]
) -> Resource | None:
    """Return the baseline with what a failed delivery of ours left written there."""
    kind, resource_id = move.key
    live = move.after.whole() if move.after else None
    for item in left:
        wanted = item.whole_wanted()
        if judge.is_same(kind, wanted, live):
            known = baseline.whole() if baseline else None
            return judge.row(
                kind, resource_id, carried(known, item.whole_base(), wanted)
            )
    return baseline
