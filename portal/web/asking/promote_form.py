"""The form that asks for what another gateway holds."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.changes.propose import REASON_LIMIT
from portal.web.asking.request_form import RequestForm

Key = tuple[str, str]


class PromoteForm(RequestForm):
    """From which gateway, with what it refers to or without, and why."""

    field_order = ("with_references", "reason", "title")

    with_references = forms.BooleanField(
        required=False,
        initial=True,
        label=_("With what it refers to"),
        help_text=_(
            "As far as this gateway lacks it. What it has already stays as it is."
        ),
    )
    reason = forms.CharField(
        required=False,
        max_length=REASON_LIMIT,
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A reviewer decides by it. A preview needs none."),
    )

    def __init__(self, sources: Sequence[Gateway], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A word that Python keeps for itself.
        self.fields["from"] = forms.ChoiceField(
            choices=[(one.slug, f"{one.slug}: {one.title}") for one in sources],
            label=gettext("From"),
        )


def read_keys(texts: Sequence[str]) -> list[Key]:
    """Return the resources that texts such as `route/r1` name, each once."""
    keys = (text.partition("/") for text in texts)
    return list(dict.fromkeys((kind, resource_id) for kind, _, resource_id in keys))
