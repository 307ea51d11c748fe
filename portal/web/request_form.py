"""What every request says of itself, whatever it asks for."""

from django import forms

from portal.changes.propose import REASON_LIMIT, TITLE_LIMIT


class RequestForm(forms.Form):
    """Why somebody asks, and what the change shall be called."""

    reason = forms.CharField(
        max_length=REASON_LIMIT,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A reviewer decides by it.",
        error_messages={"required": "Say why: a reviewer decides by it."},
    )
    title = forms.CharField(
        max_length=TITLE_LIMIT,
        required=False,
        help_text="May be left out; then it says what the change does.",
    )
