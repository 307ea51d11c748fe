"""Form fields for moments: what somebody types is what a clock shows."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

INVALID = _("Give a date and a time.")


class _Typed(forms.DateTimeField):
    """What is typed where the browser offers a calendar and a clock."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.DateTimeInput(
                attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
            ),
            error_messages={"invalid": INVALID},
            **options,
        )


class Moment(_Typed):
    """A time of the person's own clock, in UTC once it is clean.

    One that a change of the clocks skips or shows twice is refused.
    """

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"]) from None


class WallTime(_Typed):
    """What the clock of a zone shows that the form names elsewhere; without a zone."""

    def to_python(self, value: Any) -> datetime | None:
        # The reader's own clock may skip what that zone's shows.
        with timezone.override(UTC):
            moment = super().to_python(value)
        return moment and moment.replace(tzinfo=None)
