"""What is approved with the items of a revision: when they go live, for how long, and
what the gateway must answer then.

The digest that approvals are bound to covers it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext

from portal.changes.errors import Malformed
from portal.changes.probe import Probe

AT_MOST_AHEAD = timedelta(days=366)
# At most so many digits: more is beyond all limits, and beyond what a timedelta holds.
DURATION = re.compile(
    r"P(?:(?P<days>[0-9]{1,6})D)?(?:T(?:(?P<hours>[0-9]{1,6})H)?"
    r"(?:(?P<minutes>[0-9]{1,8})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is left out sets no limit.

    `deliver_after`: nothing is written before it. `expires_after`: so long after it was
    delivered it is taken back. `probe`: what is asked then.
    """

    deliver_after: datetime | None = None
    expires_after: timedelta | None = None
    probe: Probe | None = None

    @property
    def announces_inverse(self) -> bool:
        """Whether who approves it approves taking it back, too."""
        takes_back = self.probe is not None and self.probe.take_back
        return self.expires_after is not None or takes_back

    def as_json(self) -> dict[str, Any]:
        """Return what is set, in one form for each value; {}: at once, for good."""
        told: dict[str, Any] = {}
        if self.deliver_after is not None:
            told["deliver_after"] = self.deliver_after.astimezone(UTC).isoformat()
        if self.expires_after is not None:
            told["expires_after"] = iso_length(self.expires_after)
        if self.probe is not None:
            told["probe"] = self.probe.as_json()
        return told

    def check(self, now: datetime) -> None:
        """Raise Malformed for terms that nobody can ask for now."""
        if self.probe is not None:
            self.probe.check()
        if self.expires_after is not None and not (
            SHORTEST <= self.expires_after <= LONGEST
        ):
            raise Malformed(
                gettext("Give a time from one minute (PT1M) to 90 days (P90D)."),
                field="expires_after",
            )
        if self.deliver_after is None:
            return
        if self.deliver_after <= now:
            raise Malformed(
                gettext(
                    "This time is over. Give a later one, or leave it out to deliver as "
                    "soon as it is approved."
                ),
                field="deliver_after",
            )
        if self.deliver_after > now + AT_MOST_AHEAD:
            raise Malformed(
                gettext("This is more than a year ahead. Give an earlier time."),
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
        gettext(
            "This is no date and time with an offset. Write it as 2026-11-30T22:00:00+01:00 "
            "or 2026-11-30T21:00:00Z."
        ),
        field=field,
    )


def read_length(text: str, field: str) -> timedelta:
    """Return the time that an ISO 8601 duration says. Raises Malformed.

    Years and months have no one length, so they are none of it.
    """
    found = DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise Malformed(
            gettext(
                "This is no ISO 8601 duration of days, hours, minutes and seconds. Write two "
                "hours as PT2H, ten days as P10D."
            ),
            field=field,
        )
    return timedelta(
        **{unit: int(count) for unit, count in found.groupdict(default="0").items()}
    )


def iso_length(length: timedelta) -> str:
    """Return a length as an ISO 8601 duration: P1DT12H."""
    seconds = length.seconds
    parts = [
        (length.days, "D"),
        (seconds // 3600, "H"),
        (seconds // 60 % 60, "M"),
        (seconds % 60, "S"),
    ]
    days, *rest = (f"{count}{unit}" if count else "" for count, unit in parts)
    clock = "".join(rest)
    return f"P{days}T{clock}" if clock else f"P{days or '0D'}"
