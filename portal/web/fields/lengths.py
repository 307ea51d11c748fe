"""A form field for a length of time: so many minutes, hours or days."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
UNIT_NAMES = {"minutes": _("minutes"), "hours": _("hours"), "days": _("days")}
# Far beyond what any rule allows, and far below what a timedelta holds.
COUNT_AT_MOST = 1_000_000


class LengthWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    # One field with one label, not a group of boxes.
    use_fieldset = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {
                "": forms.NumberInput(attrs={"min": 1, "size": 5}),
                "unit": forms.Select(
                    choices=list(UNIT_NAMES.items()),
                    attrs={"aria-label": _("Unit")},
                ),
            },
            attrs,
        )

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else ""

    def decompress(self, value: timedelta | None) -> list[Any]:
        """Say a length in the largest unit that does so in whole numbers."""
        if value is None:
            return [None, "hours"]
        unit = next(
            (unit for unit in reversed(UNITS) if not value % UNITS[unit]), "minutes"
        )
        return [value // UNITS[unit], unit]


class LengthField(forms.MultiValueField):
    """Gives a timedelta, or None when the number is left out."""

    widget = LengthWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(
            fields=(
                forms.IntegerField(min_value=1, max_value=COUNT_AT_MOST),
                forms.ChoiceField(choices=list(UNIT_NAMES.items())),
            ),
            require_all_fields=False,
            **options,
        )

    def clean(self, value: Any) -> timedelta | None:
        # The unit is always chosen: without a number nothing was said.
        return super().clean(value if value and value[0] else None)

    def compress(self, data_list: list[Any]) -> timedelta | None:
        if not data_list:
            return None
        count, unit = data_list
        return count * UNITS[unit]
