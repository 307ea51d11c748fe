"""The form above the audit: what one looks for."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.audit.events import Event
from portal.trail.filters import SUBJECTS, Filters
from portal.web.fields.moments import Moment

LARGEST = 2**63 - 1


class Text(forms.CharField):
    """Words; NUL, which no database takes, is no part of them."""

    def __init__(self, limit: int, **options: Any) -> None:
        super().__init__(required=False, max_length=limit, **options)

    def clean(self, value: Any) -> Any:
        return super().clean((value or "").replace("\x00", ""))


class ChangeNumber(forms.IntegerField):
    def to_python(self, value: Any) -> int | None:
        return super().to_python(str(value or "").strip().removeprefix("#"))


def _text(
    label: str | Promise, example: str | Promise, limit: int = 200, **options: Any
) -> Text:
    return Text(
        limit,
        label=label,
        widget=forms.TextInput(attrs={"placeholder": example, "autocomplete": "off"}),
        **options,
    )


def _events() -> list[tuple[str, Any]]:
    """Return the families and their events, for a list to choose from."""
    groups: list[tuple[str, Any]] = [("", gettext("Everything"))]
    for family in SUBJECTS:
        names = [
            (event.value, event.value)
            for event in Event
            if event.value.startswith(f"{family}.")
        ]
        groups.append(
            (
                family,
                [(family, gettext("All of %(family)s") % {"family": family}), *names],
            )
        )
    return groups


class AuditForm(forms.Form):
    """What one looks for, out of the page's address."""

    search = _text(_("Words"), "limit-count")
    person = _text(_("Person"), "riley", 150)
    event = forms.ChoiceField(required=False, choices=_events, label=_("Event"))
    gateway = _text(_("Gateway"), "default", 40)
    change = ChangeNumber(
        required=False,
        min_value=1,
        max_value=LARGEST,
        label=_("Change"),
        error_messages={"invalid": _("Give a number, such as 128.")},
        widget=forms.TextInput(attrs={"placeholder": "#128", "autocomplete": "off"}),
    )
    resource = _text(_("Resource"), "route/conference-k7m2qx", 600)
    subject = _text(_("About"), _("gateway or token/7"), 140)
    channel = forms.ChoiceField(
        required=False,
        choices=[("", _("Any door")), *Channel.choices],
        label=_("Through"),
    )
    program = _text(_("Program"), "ChatGPT")
    since = Moment(label=_("From"))
    until = Moment(label=_("To"))

    MORE = (
        "change",
        "resource",
        "subject",
        "channel",
        "program",
        "since",
        "until",
    )

    def clean_resource(self) -> str:
        resource: str = self.cleaned_data["resource"]
        kind, _, name = resource.partition("/")
        if resource and (kind not in KINDS or not name):
            raise forms.ValidationError(
                gettext("Give kind/id, such as route/conference.")
            )
        return resource

    def filters(self) -> Filters | None:
        """Return what was asked for; None where some of it makes no sense."""
        if not self.is_valid():
            return None
        return Filters(
            **{name: value for name, value in self.cleaned_data.items() if value}
        )

    @property
    def wrong(self) -> list[str]:
        """Say what makes no sense, field by field."""
        return [f"{field.label}: {field.errors[0]}" for field in self if field.errors]

    @property
    def first(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.MORE]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.MORE]

    @property
    def opens_more(self) -> bool:
        """Whether something of what is folded away was asked for."""
        return any(self.data.get(name) for name in self.MORE)
