"""What is approved with the items of a revision, beside them: when it goes live, and
what the gateway must answer then.

The digest that approvals are bound to covers it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.changes.errors import Malformed
from portal.changes.probe import Probe

AT_MOST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """`deliver_after`: nothing is written before it; None: as soon as approved."""

    deliver_after: datetime | None = None
    probe: Probe | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is set, in one form for each value; {} is "at once"."""
        told: dict[str, Any] = {}
        if self.deliver_after is not None:
            told["deliver_after"] = self.deliver_after.astimezone(UTC).isoformat()
        if self.probe is not None:
            told["probe"] = self.probe.as_json()
        return told

    def check(self, now: datetime) -> None:
        """Raise Malformed for terms that nobody can ask for now."""
        if self.probe is not None:
            self.probe.check()
        if self.deliver_after is None:
            return
        if self.deliver_after <= now:
            raise Malformed(
                "This time is over. Give a later one, or leave it out to deliver as "
                "soon as it is approved.",
                field="deliver_after",
            )
        if self.deliver_after > now + AT_MOST_AHEAD:
            raise Malformed(
                "This is more than a year ahead. Give an earlier time.",
                field="deliver_after",
            )


def read_moment(text: str, field: str) -> datetime:
    """Return the moment that an ISO 8601 text with an offset names. Raises Malformed."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Malformed(
        "This is no date and time with an offset. Write it as 2026-11-30T22:00:00+01:00 "
        "or 2026-11-30T21:00:00Z.",
        field=field,
    )
