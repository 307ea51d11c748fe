"""What every request says of itself, whatever it asks for."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.changes.propose import REASON_LIMIT, TITLE_LIMIT
from portal.changes.terms import Terms
from portal.web.fields.lengths import LengthField
from portal.web.fields.moments import Moment


class RequestForm(forms.Form):
    """Why somebody asks, and what the change shall be called."""

    reason = forms.CharField(
        max_length=REASON_LIMIT,
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A reviewer decides by it."),
        error_messages={"required": _("Say why: a reviewer decides by it.")},
    )
    title = forms.CharField(
        max_length=TITLE_LIMIT,
        required=False,
        help_text=_("May be left out; then it says what the change does."),
        label=_("Title"),
    )


class TimedForm(RequestForm):
    """When it shall go live, and for how long, too."""

    deliver_after = Moment(help_text=_("Empty: as soon as it is approved."))
    expires_after = LengthField(
        required=False,
        label=_("Take it back after"),
        help_text=_("Empty: it stays. At most 90 days after it went live."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zone = timezone.get_current_timezone_name()
        self.fields["deliver_after"].label = gettext("Not before (%(zone)s)") % {
            "zone": zone
        }

    def terms(self) -> Terms:
        """Return when a valid form asks the change to go live, and for how long."""
        return Terms(
            deliver_after=self.cleaned_data["deliver_after"],
            expires_after=self.cleaned_data["expires_after"],
        )
