"""Why somebody decided about a drift, or made a rule."""

from portal.changes.propose import REASON_LIMIT
from portal.drift.errors import Malformed


def reason_of(given: str) -> str:
    """Return the words without space around them. Raises Malformed for none or a book."""
    text = given.strip()
    if not text:
        raise Malformed("Say why: whoever meets it later will ask.", field="reason")
    if len(text) > REASON_LIMIT:
        raise Malformed(f"Use at most {REASON_LIMIT:,} characters.", field="reason")
    return text
