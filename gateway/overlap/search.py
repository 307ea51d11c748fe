"""Look at one changed route after the other, and prove each verdict by an example. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from gateway.overlap.conditions import Conditions, is_alike
from gateway.overlap.example import Example
from gateway.overlap.index import Routes, entrances_of
from gateway.overlap.shown import OF_ROUTE, Shown, limit_of
from gateway.overlap.stage import Stage, standing
from gateway.overlap.verdict import Kind, Reason, Verdict
from gateway.patterns import TooSlow, hurry
from gateway.router.match import Match, Mode

# How much may be done (see Stage) before no further route is looked at: a second or two.
WORK = 1_500_000
# What may be said where one of two goes first: each says more than the one before.
OF_WINNER = (Kind.OVERLAPS, Kind.TAKES_OVER, Kind.REPLACES)


class Search:
    """What is found about changed routes, between two stages.

    `unseen` is {route: ids of others that may meet it too and were left out}; `skipped`
    are the routes that were not looked at.
    """

    def __init__(self, now: Stage, then: Stage, mode: Mode) -> None:
        self.unseen: dict[str, set[str]] = {}
        self.skipped: dict[str, None] = {}
        self._now = now
        self._then = then
        self._mode = mode
        self._shown = Shown(mode)
        self._stages = [now, then]
        self._found: dict[tuple[object, ...], Verdict] = {}

    @property
    def verdicts(self) -> list[Verdict]:
        return list(self._found.values())

    @property
    def comparisons(self) -> int:
        """The pairs of ways that were compared."""
        return len(set().union(*(stage.compared for stage in self._stages)))

    def look_at(self, route_id: str) -> None:
        """Compare one changed route with all others, as they will be."""
        before, after = self._now.of(route_id), self._then.of(route_id)
        if is_alike(before, after) or not self._may_look_at(before, after):
            return
        try:
            if after is not None:
                self._note(self._unreachable(after, before, self._then))
                self._note(self._met(after, before, self._then))
                self._note(self._replaced(after))
                self._note_unseen(after)
            if before is not None:
                self._note(self._given_up(before))
        except TooSlow:
            self.skip([route_id])

    def skip(self, route_ids: Iterable[str]) -> None:
        """Note that there was no time to compare these routes with all others."""
        self.skipped |= dict.fromkeys(route_ids)

    def met_by(self, route_ids: Iterable[str], routes: Routes) -> list[str]:
        """Return those of these changed routes that some of `routes` may meet.

        Raises TooSlow.
        """
        return [
            route_id
            for route_id in route_ids
            if (after := self._then.of(route_id)) and self._may_meet(after, routes)
        ]

    def _may_meet(self, route: Conditions, routes: Routes) -> bool:
        hurry()
        return any(
            True
            for entrance in entrances_of(route.route, self._mode)
            for _ in routes.meeting(entrance)
        )

    def look_beyond(self, route_ids: Iterable[str], stage: Stage, layer: str) -> None:
        """Compare changed routes with those that another change brings in `stage`.

        Raises TooSlow.
        """
        self._stages.append(stage)
        brought = {
            other
            for other in stage.added
            if not is_alike(stage.of(other), self._then.of(other))
        }
        for route_id in route_ids:
            before, after = self._now.of(route_id), self._then.of(route_id)
            if after is None or is_alike(before, after):
                continue
            if not self._may_look_at(before, after):
                continue
            for verdict in chain(
                self._unreachable(after, before, stage),
                self._met(after, before, stage, only=brought),
            ):
                if brought & set(verdict.others):
                    self._note([replace(verdict, layer=layer)])

    def _may_look_at(self, *documents: Conditions | None) -> bool:
        """Say whether there is time for a route, with these documents; else note it."""
        there = [one for one in documents if one is not None]
        is_vast = any(
            one.is_vast or len(entrances_of(one.route, self._mode)) > OF_ROUTE
            for one in there
        )
        if is_vast or sum(stage.work for stage in self._stages) > WORK:
            self.skip([there[0].id])
            return False
        return True

    def _note(self, verdicts: Iterable[Verdict]) -> None:
        """Keep one of each sort, the first of those that say most."""
        for one in verdicts:
            sort = Kind.OVERLAPS if one.kind in OF_WINNER else one.kind
            key = (sort, one.route, one.others, one.winner, one.layer)
            if key not in self._found or _weight(one) > _weight(self._found[key]):
                self._found[key] = one

    def _note_unseen(self, after: Conditions) -> None:
        unseen: set[str] = set()
        entrances = entrances_of(after.route, self._mode)
        for entrance in entrances:
            unseen |= self._then.left_out(entrance, limit_of(entrances))
        told = (one.others for one in self.verdicts if one.route == after.id)
        if left := unseen.difference(*told):
            self.unseen[after.id] = left

    def _unreachable(
        self, after: Conditions, before: Conditions | None, stage: Stage
    ) -> Iterator[Verdict]:
        hiding = stage.hiding(after)
        if not hiding:
            return
        for example, _ in self._shown.alone(after):
            answering = stage.answering(example.request)
            if answering and after.id not in _ids(answering):
                was = before is not None and bool(self._now.hiding(before))
                yield Verdict(
                    kind=Kind.UNREACHABLE,
                    route=after.id,
                    others=tuple(sorted(hiding)),
                    example=example,
                    is_new=not was,
                    assumes_filter=_assumed(answering),
                )
                return

    def _met(
        self,
        after: Conditions,
        before: Conditions | None,
        stage: Stage,
        only: set[str] | None = None,
    ) -> Iterator[Verdict]:
        """Yield what is so between this route and each that accepts one of its requests."""
        for other, shown in self._shown.shared(after, stage, only):
            for example, both in shown:
                verdict = self._pair(example, both, after, before, other, stage)
                yield verdict
                is_lost = verdict.winner == other.id and verdict.is_new
                if is_lost or verdict.kind is not Kind.OVERLAPS:
                    break  # no other example would say more

    def _pair(
        self,
        example: Example,
        both: list[Match],
        after: Conditions,
        before: Conditions | None,
        other: Conditions,
        stage: Stage,
    ) -> Verdict:
        """Say of two routes what a request that both accept tells of them."""
        reason = _reason(both, self._mode)
        now, then = (at.answering(example.request) for at in (self._now, stage))
        kind, winner = Kind.OVERLAPS, both[0].route_id
        if then and reason is Reason.ORDER and _ids(then) >= _ids(both):
            kind, winner = Kind.AMBIGUOUS, ""
        elif now and then and _ids(now) == {other.id} and _ids(then) == {after.id}:
            kind = Kind.TAKES_OVER
        return Verdict(
            kind=kind,
            route=after.id,
            others=(other.id,),
            example=example,
            winner=winner,
            reason=reason,
            is_new=not self._was_so(example, both, before, self._now.of(other.id)),
            assumes_filter=_assumed([*both, *(now or []), *(then or [])]),
        )

    def _was_so(
        self,
        example: Example,
        both: list[Match],
        before: Conditions | None,
        other: Conditions | None,
    ) -> bool:
        """Say whether the two routes stand to each other as they do now."""
        if before is None or other is None:
            return False
        were = list(self._shown.router([before, other]).matches(example.request))
        return (
            len(were) == 2
            and were[0].route_id == both[0].route_id
            and _reason(were, self._mode) is _reason(both, self._mode)
        )

    def _replaced(self, after: Conditions) -> Iterator[Verdict]:
        """Yield, in place of TAKES_OVER, those that are left no request."""
        for one in self.verdicts:
            if one.kind is not Kind.TAKES_OVER or one.route != after.id:
                continue
            was, other = (at.of(one.others[0]) for at in (self._now, self._then))
            if (
                was is not None
                and other is not None
                and self._then.takes(after, other)
                and after.id in self._then.hiding(other)
                and not self._now.hiding(was)
            ):
                yield replace(one, kind=Kind.REPLACES)

    def _given_up(self, before: Conditions) -> Iterator[Verdict]:
        """Yield who answers what this route answers no more."""
        shared = (shown for _, shown in self._shown.shared(before, self._then))
        for example, _ in islice(
            chain(self._shown.alone(before), *shared), 4 * OF_ROUTE
        ):
            now, then = (
                at.answering(example.request) for at in (self._now, self._then)
            )
            if now is None or then is None:
                continue
            if before.id in _ids(now) - _ids(then):
                yield Verdict(
                    kind=Kind.GIVES_UP,
                    route=before.id,
                    others=tuple(sorted(_ids(then))),
                    example=example,
                    assumes_filter=_assumed([*now, *then]),
                )


def _reason(both: list[Match], mode: Mode) -> Reason:
    """Return why the first of two matches is preferred."""
    names = (Reason.HOST, Reason.EXACT, Reason.PREFIX, Reason.PRIORITY, Reason.LENGTH)
    first, second = (standing(match, mode) for match in both)
    pairs = zip(names, first, second, strict=True)
    return next((name for name, one, other in pairs if one != other), Reason.ORDER)


def _weight(verdict: Verdict) -> tuple[int, bool]:
    is_of_winner = verdict.kind in OF_WINNER
    return OF_WINNER.index(verdict.kind) if is_of_winner else 0, verdict.is_new


def _ids(matches: Iterable[Match]) -> set[str]:
    return {match.route_id for match in matches}


def _assumed(matches: Iterable[Match]) -> bool:
    return any(match.filter_assumed for match in matches)
