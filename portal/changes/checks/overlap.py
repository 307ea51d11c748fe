"""Which requests change hands: who else answers what a changed route is for.

Told from the mirror with the change over it, and from other changes on their way;
each finding has a request that proves it (gateway/overlap/).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_noop

from gateway.effective import hosts_of, texts
from gateway.held import Document, Overlaid
from gateway.live import Live
from gateway.mirrored import Mirrored
from gateway.overlap.compare import Change, Kind, Overlaps, Reason, Report, Verdict
from gateway.overlap.example import Example
from gateway.patterns import patience
from gateway.schemas import Schemas
from gateway.words import quoted
from portal.changes.checks.arrivals import arrivals
from portal.changes.checks.overlap_words import Group
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

ROUTE_UNREACHABLE = Code(
    "route_unreachable",
    Severity.WARNING,
    gettext_noop(
        "Other routes take every request of a route, so it would never answer."
    ),
)
ROUTE_REPLACED = Code(
    "route_replaced",
    Severity.WARNING,
    gettext_noop(
        "A route takes all requests of another one, which would never answer any more."
    ),
)
ROUTE_TAKES_OVER = Code(
    "route_takes_over",
    Severity.WARNING,
    gettext_noop(
        "A route takes over requests that another one answers now; good to know only where "
        "that is the one for everything else."
    ),
)
ROUTE_ORDER_UNCLEAR = Code(
    "route_order_unclear",
    Severity.WARNING,
    gettext_noop(
        "Two routes take the same requests and nothing in them decides which one answers."
    ),
)
REQUESTS_MOVE = Code(
    "requests_move",
    Severity.WARNING,
    gettext_noop(
        "Requests that a route answers now would go to another one; good to know only where "
        "that is the one for everything else, or written by the same change."
    ),
)
REQUESTS_UNANSWERED = Code(
    "requests_unanswered",
    Severity.WARNING,
    gettext_noop(
        "Requests that a route answers now would be answered by none; good to know only "
        "where the route is deleted or switched off."
    ),
)
ROUTE_OVERLAPS = Code(
    "route_overlaps",
    Severity.INFO,
    gettext_noop(
        "Another route takes some of the same requests; it is told which one goes first."
    ),
)
ROUTE_NOT_COMPARED = Code(
    "route_not_compared",
    Severity.INFO,
    gettext_noop(
        "So many routes take the same requests, or a route asks for so much, that not all of "
        "them were compared."
    ),
)

CODES = {
    Kind.UNREACHABLE: ROUTE_UNREACHABLE,
    Kind.REPLACES: ROUTE_REPLACED,
    Kind.TAKES_OVER: ROUTE_TAKES_OVER,
    Kind.AMBIGUOUS: ROUTE_ORDER_UNCLEAR,
    Kind.OVERLAPS: ROUTE_OVERLAPS,
}
# Seconds of work for all: somebody waits, and others wait for them.
PATIENCE = 4.0
# A route goes first for these because it is for less, not because it was put first.
NARROWER = frozenset({Reason.HOST, Reason.EXACT, Reason.PREFIX})


def who_answers(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Three queries when a route or its service is touched. The gateway is not asked."""
    moved = _Moved(plan)
    if plan.gateway.mirrored_at is None or not (moved.routes or moved.services):
        return
    # What was read just now counts more than what was last seen.
    held = Overlaid(Mirrored(plan.gateway), moved.bases)
    moved.live = held.documents("route")
    overlaps = Overlaps(
        moved.live,
        services=held.documents("service"),
        mode=plan.gateway.assumed_router,
    )
    layers = arrivals(plan.gateway, besides=plan.revises)
    with patience(PATIENCE):
        report = overlaps.of(moved.routes, services=moved.services, layers=layers)
    groups: dict[tuple[Any, ...], list[Verdict]] = defaultdict(list)
    for one in _news(report.verdicts):
        code, severity = _weighed(one, moved)
        is_first = one.winner == one.route
        sort = (one.route, code, severity, is_first, bool(one.layer))
        groups[sort].append(one)
    for (route_id, code, severity, *_), verdicts in groups.items():
        group = Group(verdicts, moved.named(route_id))
        yield code.finding(
            moved.index_of(route_id),
            group.words,
            group.mend,
            path=moved.path_of(verdicts[0]),
            severity=severity,
            example=_tried(verdicts[0].example),
        )
    yield from _not_compared(report, moved)


class _Moved:
    """What a plan does of routes, as everybody may see it.

    `routes` is {id: (before, after)}, `services` {id: after} of those with other hosts,
    `bases` what the gateway holds of both. `live` are all routes as they are now.
    """

    def __init__(self, plan: Plan) -> None:
        self.routes: dict[str, Change] = {}
        self.services: dict[str, Document] = {}
        self.bases: dict[tuple[str, str], Document | None] = {}
        self.live: Mapping[str, Document] = {}
        self._indexes: dict[tuple[str, str], int] = {}
        self._is_alone = len(plan.items) == 1
        for index, item in enumerate(plan.items):
            kind, before, after = item.kind.name, item.shown_base, item.shown_wanted
            if kind == "route":
                self.routes[item.id] = before, after
            elif kind == "service" and hosts_of(before or {}) != hosts_of(after or {}):
                self.services[item.id] = after or {}
            else:
                continue
            self.bases[kind, item.id] = before
            self._indexes[kind, item.id] = index

    def after(self, route_id: str) -> Document | None:
        """Return a route as it would be."""
        if route_id in self.routes:
            return self.routes[route_id][1]
        return self.live.get(route_id)

    def index_of(self, route_id: str) -> int:
        """Return the index of the item that moves a route: its own or its service's."""
        if route_id in self.routes:
            return self._indexes["route", route_id]
        return self._indexes["service", str(self.live[route_id]["service_id"])]

    def named(self, route_id: str) -> str:
        """Return how a finding calls the route: by its id where it is one of several."""
        is_alone = self._is_alone and route_id in self.routes
        return "it" if is_alone else f"route {quoted(route_id)}"

    def path_of(self, verdict: Verdict) -> str:
        """Return the field that decides it, if it is one."""
        if verdict.route not in self.routes:
            return "hosts"
        after = self.after(verdict.route)
        if after is None or verdict.kind is Kind.GIVES_UP:
            return ""  # whatever of it changes
        if verdict.reason in {Reason.PRIORITY, Reason.ORDER}:
            return "priority"
        return "uris" if "uris" in after else "uri"

    def is_for_the_rest(self, route_id: str) -> bool:
        """Say whether a route takes whatever no other takes, of its hosts or of all."""
        route = self.after(route_id) or {}
        return (texts(route.get("uris")) or texts(route.get("uri"))) == ["/*"]


def _news(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Leave out what was so before, and who goes first where nothing is left anyway."""
    verdicts = list(verdicts)
    hidden: dict[str, set[str]] = defaultdict(set)
    for one in verdicts:
        if one.kind is Kind.UNREACHABLE:
            hidden[one.route].update(one.others)
    for one in verdicts:
        is_said = one.kind is Kind.OVERLAPS and hidden[one.route].issuperset(one.others)
        if one.is_new and not is_said:
            yield one


def _weighed(one: Verdict, moved: _Moved) -> tuple[Code, Severity]:
    """Return the code of a verdict, and how heavy it is: less where it is surely meant."""
    is_meant = False
    if one.kind is Kind.GIVES_UP and not one.others:
        code, after = REQUESTS_UNANSWERED, moved.after(one.route)
        is_meant = after is None or after.get("status") == 0
    elif one.kind is Kind.GIVES_UP:
        code = REQUESTS_MOVE
        is_meant = all(
            key in moved.routes or moved.is_for_the_rest(key) for key in one.others
        )
    else:
        code = CODES[one.kind]
        if code is ROUTE_TAKES_OVER and one.reason in NARROWER:
            is_meant = all(map(moved.is_for_the_rest, one.others))
    return code, Severity.INFO if is_meant else code.severity


def _tried(example: Example) -> dict[str, str] | None:
    """Return a request in the fields of the form that tries one; it takes no body."""
    if example.form:
        return None
    fields = {
        "method": example.method,
        "url": example.url,
        "headers": "\n".join(f"{name}: {value}" for name, value in example.headers),
        "remote_addr": example.remote_addr or "",
    }
    return {name: value for name, value in fields.items() if value}


def _not_compared(report: Report, moved: _Moved) -> Iterator[Finding]:
    """Say where silence does not mean that nobody else answers."""
    mend = "Try the requests that matter with this change, on the gateway's own page."
    for route_id, unseen in report.unseen.items():
        yield ROUTE_NOT_COMPARED.finding(
            moved.index_of(route_id),
            f"{len(unseen)} more routes may take the same requests as "
            f"{moved.named(route_id)}: only the nearest were compared.",
            mend,
        )
    if skipped := report.skipped:
        first = moved.named(skipped[0])
        more = f" and {len(skipped) - 1} more routes" if skipped[1:] else ""
        were = "were" if more else "was"
        yield ROUTE_NOT_COMPARED.finding(
            moved.index_of(skipped[0]),
            f"{first[0].upper()}{first[1:]}{more} of this change {were} not compared "
            "with all other routes: it would take too long.",
            mend,
        )


SUBJECT = Subject(
    title=gettext_noop("Who answers"),
    matters=gettext_noop(
        "When two routes take the same requests, one of them silently stops answering."
    ),
    checks=(who_answers,),
    codes=(
        ROUTE_UNREACHABLE,
        ROUTE_REPLACED,
        ROUTE_TAKES_OVER,
        ROUTE_ORDER_UNCLEAR,
        REQUESTS_MOVE,
        REQUESTS_UNANSWERED,
        ROUTE_OVERLAPS,
        ROUTE_NOT_COMPARED,
    ),
)
