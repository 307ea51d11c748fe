"""A form field for headers: one per line."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LIMIT = 20_000


class HeaderLinesField(forms.CharField):
    """Gives {name: value}; what is given twice becomes one list, as it would arrive."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            max_length=LIMIT,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            help_text=_("One per line, such as X-Version: 2."),
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}: {one}" for name, one in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        headers: dict[str, str] = {}
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            if not line.strip():
                continue
            name, colon, told = (part.strip() for part in line.partition(":"))
            if not colon:
                raise forms.ValidationError(
                    gettext("Line %(number)s has no colon. Write it as Name: value.")
                    % {"number": number}
                )
            headers[name] = f"{headers[name]}, {told}" if name in headers else told
        return headers
