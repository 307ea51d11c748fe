"""How far a moment is, in the reader's words: those of a page and of its script."""

from datetime import datetime

import orjson
from django.utils import timezone
from django.utils.translation import gettext


def in_words(moment: datetime) -> str:
    """Return "2 min ago" and the like; the date when it is more than a month."""
    seconds = int((timezone.now() - moment).total_seconds())
    is_past, seconds = seconds >= 0, abs(seconds)
    if seconds < 5:
        return gettext("just now")
    for below, size, past, future in _units():
        if seconds < below:
            return (past if is_past else future) % {"count": seconds // size}
    return f"{timezone.localtime(moment):%Y-%m-%d}"


def for_script() -> str:
    """Return the words as JSON, by which static/js/ago.js keeps them true."""
    return orjson.dumps({"now": gettext("just now"), "units": _units()}).decode()


def _units() -> tuple[tuple[int, int, str, str], ...]:
    """Return each unit: below how many seconds it counts, its own, past, future."""
    return (
        (60, 1, gettext("%(count)s s ago"), gettext("in %(count)s s")),
        (3600, 60, gettext("%(count)s min ago"), gettext("in %(count)s min")),
        (86400, 3600, gettext("%(count)s h ago"), gettext("in %(count)s h")),
        (30 * 86400, 86400, gettext("%(count)s d ago"), gettext("in %(count)s d")),
    )
