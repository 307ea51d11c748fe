"""The tokens and components that pages are made of, on one page, for who builds them."""

import re
from collections import defaultdict
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from portal.changes.states import State
from portal.web.pages import PersonRequest, page

TOKENS = Path(settings.BASE_DIR, "static", "css", "tokens.css")
DECLARED = re.compile(r"^  --([a-z0-9-]+): (.+);$", re.MULTILINE)
# How a page looks by its person's wish or their system's: a name, and its classes.
LOOKS = [
    (_("Light"), "look look--light"),
    (_("Dark"), "look look--dark"),
    (_("High contrast"), "look look--light contrast"),
    (_("High contrast, dark"), "look look--dark contrast"),
]
COLOURS = ("ground", "paper", "sunk", "line", "ink", "accent")
TONES = ("good", "warn", "bad", "busy", "calm")


@require_GET
@page
def design_page(request: PersonRequest) -> HttpResponse:
    """Show every token and component in each look; only while DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    context = {"looks": LOOKS, "tokens": declared(), "states": State}
    return render(request, "design/page.html", context)


def declared() -> dict[str, list[tuple[str, str]]]:
    """Return the tokens of the first block, (name, value), by what they are for."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    root = TOKENS.read_text().partition("\n}")[0]
    for name, value in DECLARED.findall(root):
        groups[_group(name)].append((name, value))
    return dict(groups)


def _group(name: str) -> str:
    first = name.partition("-")[0]
    if first in COLOURS:
        return "colour"
    return "tone" if first in TONES else first
