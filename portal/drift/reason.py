"""Why somebody decided about a drift, or made a rule."""

from django.utils.translation import gettext

from portal.changes.propose import REASON_LIMIT
from portal.drift.errors import Malformed


def reason_of(given: str) -> str:
    """Return the words without space around them. Raises Malformed for none or a book."""
    text = given.strip()
    if not text:
        raise Malformed(
            gettext("Say why: whoever meets it later will ask."), field="reason"
        )
    if len(text) > REASON_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{REASON_LIMIT:,}"},
            field="reason",
        )
    return text
