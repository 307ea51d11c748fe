"""The form that begins a freeze: which gateways, once or again and again, and why."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.changes.freezes import REASON_LIMIT
from portal.changes.models import Freeze
from portal.changes.windows import moments
from portal.web.fields.lengths import LengthField
from portal.web.fields.moments import INVALID, WallTime

ALL = "all"
# What each way needs; the page shows the fields of the chosen one.
ONCE, AGAIN = ("starts_at", "ends_at"), ("cron", "length")


class FreezeForm(forms.Form):
    """What a new freeze says. `made()` gives the row, which nobody has judged yet."""

    reach = forms.ChoiceField(label=_("Freeze"))
    reason = forms.CharField(
        max_length=REASON_LIMIT,
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Shown on every change that waits."),
        error_messages={"required": _("Say why: whoever waits will ask.")},
    )
    zone = forms.CharField(
        initial=timezone.get_current_timezone_name,
        max_length=64,
        label=_("Time zone"),
        help_text=_("Whose clock the times are of, such as Europe/Berlin."),
    )
    again = forms.ChoiceField(
        choices=[("", _("Once")), ("yes", _("Again and again"))],
        required=False,
        label=_("How often"),
        widget=forms.RadioSelect,
        initial="",
    )
    starts_at = WallTime(label=_("From"))
    ends_at = WallTime(label=_("To"))
    cron = forms.CharField(
        required=False,
        max_length=100,
        label=_("Begins each time at"),
        help_text=_("A cron expression: 0 18 * * 5 is Fridays at 18:00."),
        widget=forms.TextInput(
            attrs={"placeholder": "0 18 * * 5", "spellcheck": "false"}
        ),
    )
    length = LengthField(
        required=False,
        label=_("Lasts each time"),
        help_text=_("On that clock: 62 hours from Friday 18:00 end on Monday at 8:00."),
    )

    def __init__(self, person: Person, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gateways = {
            gateway.slug: gateway for gateway in person.gateways(Verb.ADMINISTER)
        }
        everywhere = person.may_everywhere(Verb.ADMINISTER)
        names = sorted({g.environment for g in self.gateways.values()} - {""})
        self.fields["reach"].choices = [  # type: ignore[attr-defined]
            *([(ALL, gettext("All gateways"))] if everywhere else []),
            *(
                (f"environment:{n}", gettext("Environment %(name)s") % {"name": n})
                for n in names
                if everywhere
            ),
            *(
                (f"gateway:{slug}", gettext("Gateway %(slug)s") % {"slug": slug})
                for slug in self.gateways
            ),
        ]

    @property
    def always(self) -> list[forms.BoundField]:
        """The fields of either way."""
        return [self[name] for name in self.fields if name not in ONCE + AGAIN]

    @property
    def once(self) -> list[forms.BoundField]:
        return [self[name] for name in ONCE]

    @property
    def recurring(self) -> list[forms.BoundField]:
        return [self[name] for name in AGAIN]

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip()
        if zone not in available_timezones():
            raise forms.ValidationError(
                gettext(
                    "There is no such time zone. Give one such as Europe/Berlin or UTC."
                )
            )
        return zone

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for name in AGAIN if given.get("again") else ONCE:
            if name not in self.errors and not given.get(name):
                self.add_error(name, gettext("This is needed."))
        if not self.errors and not given["again"]:
            try:
                given["window"] = _window(given)
            except OverflowError:
                self.add_error("starts_at", INVALID)
        return given

    def made(self) -> Freeze:
        """Return what a valid form asks for, unsaved."""
        given = self.cleaned_data
        what, _, name = given["reach"].partition(":")
        freeze = Freeze(
            gateway=self._gateway(name) if what == "gateway" else None,
            environment=name if what == "environment" else "",
            reason=given["reason"],
            zone=given["zone"],
        )
        if given["again"]:
            freeze.cron, freeze.length = given["cron"].strip(), given["length"]
        else:
            freeze.starts_at, freeze.ends_at = given["window"]
        return freeze

    def _gateway(self, slug: str) -> Gateway:
        return self.gateways[slug]


def _window(given: dict[str, Any]) -> tuple[datetime, datetime]:
    """Return from when to when the zone's clock shows what was typed, in UTC.

    An hour that it shows twice is in it whole; one that it skips is the moment of that.
    """
    first, _ = moments(given["starts_at"], given["zone"])
    _, last = moments(given["ends_at"], given["zone"])
    return first, last
