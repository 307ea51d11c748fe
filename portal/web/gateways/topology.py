"""How requests go through a gateway: hosts, routes, services, upstreams, nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from gateway.kinds import KINDS
from gateway.models import Gateway
from gateway.topology.graph import Box, Column
from gateway.topology.layout import HEIGHT, WIDTH, layout
from gateway.topology.mirrored import Picture, picture_of
from gateway.visible import visible
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page, words_in

CHOSEN = ("host", "service", "upstream", "route")
TITLES = {
    Column.HOST: _("Hosts"),
    Column.ROUTE: _("Routes"),
    Column.SERVICE: _("Services"),
    Column.UPSTREAM: _("Upstreams"),
    Column.NODE: _("Nodes"),
}
# What fits into a box.
TITLE_LETTERS, NOTE_LETTERS = 24, 29
MARGIN, HEAD = 12, 28


@dataclass(frozen=True)
class Drawn:
    """A box of the picture; `is_lit` lies on the way that was asked for."""

    box: Box
    x: int
    y: int
    url: str
    is_lit: bool

    @property
    def title(self) -> str:
        return _cut(self.box.title, TITLE_LETTERS)

    @property
    def note(self) -> str:
        return _cut(self.box.note, NOTE_LETTERS)

    @property
    def words(self) -> str:
        """Say all of it, for those who point at it or hear it."""
        kind = self.box.column.name.lower()
        parts = (f"{kind} {visible(self.box.title)}", visible(self.box.note))
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class DrawnLine:
    start: str
    end: str
    path: str
    is_lit: bool


@dataclass(frozen=True)
class Told:
    """A box in words: what it leads to."""

    drawn: Drawn
    leads_to: Sequence[Drawn]


@dataclass(frozen=True)
class Sheet:
    """The picture as it is drawn, and told."""

    width: int
    height: int
    heads: Sequence[tuple[str, int]]
    boxes: Sequence[Drawn]
    lines: Sequence[DrawnLine]
    told: Sequence[Told]
    has_lit: bool


@require_GET
@page
def topology_page(request: PersonRequest, slug: str) -> HttpResponse:
    """Draw the gateway, or the part of it that was chosen; `mark` lights a way up."""
    gateway = visible_gateway(request, slug)
    given = {name: words_in(request, name, 300) for name in CHOSEN}
    chosen = {name: value for name, value in given.items() if value}
    marked = words_in(request, "mark", 300)
    picture = picture_of(gateway, chosen, marked=marked)
    context = {
        "gateway": gateway,
        "chosen": chosen,
        "picture": picture,
        "marked": marked,
        "sheet": sheet_of(gateway, picture, marked) if picture.graph.boxes else None,
        "box": {"width": WIDTH, "height": HEIGHT},
    }
    return render(request, "topology/page.html", context)


def sheet_of(gateway: Gateway, picture: Picture, marked: str) -> Sheet:
    """Return where everything is drawn."""
    graph = picture.graph
    key = f"route/{marked}"
    lit = graph.through(key) if key in graph.boxes else set()
    columns = {key: int(box.column) for key, box in graph.boxes.items()}
    found = layout(columns, graph.edges)
    drawn = {
        placed.key: Drawn(
            box=graph.boxes[placed.key],
            x=placed.x + MARGIN,
            y=placed.y + HEAD + MARGIN,
            url=_url(gateway, graph.boxes[placed.key], picture),
            is_lit=placed.key in lit,
        )
        for placed in found.boxes
    }
    lines = [
        DrawnLine(
            line.start,
            line.end,
            _path([(x + MARGIN, y + HEAD + MARGIN) for x, y in line.points]),
            is_lit=line.start in lit and line.end in lit,
        )
        for line in found.lines
    ]
    heads = {one.box.column: one.x for one in drawn.values()}
    leads: dict[str, list[Drawn]] = {}
    for start, end in graph.edges:
        leads.setdefault(start, []).append(drawn[end])
    return Sheet(
        width=found.width + 2 * MARGIN,
        height=found.height + HEAD + 2 * MARGIN,
        heads=[(str(TITLES[column]), heads[column]) for column in sorted(heads)],
        boxes=sorted(drawn.values(), key=lambda one: (one.x, one.y)),
        lines=sorted(lines, key=lambda line: line.is_lit),
        told=[
            Told(one, leads.get(one.box.key, ()))
            for one in sorted(drawn.values(), key=lambda one: (one.x, one.y))
        ],
        has_lit=bool(lit),
    )


def _url(gateway: Gateway, box: Box, picture: Picture) -> str:
    """Return where a box leads: to what it is, or further into a picture of many."""
    here = reverse("web:topology", args=[gateway.slug])
    kind = box.column.name.lower()
    if not box.id:
        return ""
    if box.column is Column.HOST or (picture.is_summed and kind in CHOSEN):
        return f"{here}?{urlencode({kind: box.id})}"
    if kind in KINDS and not box.is_missing:
        return reverse("web:resource", args=[gateway.slug, KINDS[kind].path, box.id])
    return ""


def _path(points: Sequence[tuple[int, int]]) -> str:
    """Return the curve through these points, level at each."""
    (x, y), *_ = points
    parts = [f"M{x} {y}"]
    for (left, top), (right, bottom) in pairwise(points):
        middle = (left + right) // 2
        parts.append(
            f"H{right}"
            if top == bottom
            else f"C{middle} {top} {middle} {bottom} {right} {bottom}"
        )
    return "".join(parts)


def _cut(text: str, letters: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= letters else f"{shown[: letters - 1]}…"
