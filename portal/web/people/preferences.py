"""My time zone, colours and contrast."""

from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from portal.accounts.models import Colours
from portal.accounts.preferences import prefer
from portal.web.pages import PersonRequest, page

AREAS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


def zones() -> list[tuple[str, str]]:
    """Return the zones that are named by a place."""
    names = (name for name in available_timezones() if name.startswith(AREAS))
    return [("", "UTC"), *((name, name.replace("_", " ")) for name in sorted(names))]


class PreferencesForm(forms.Form):
    """How I want my pages."""

    time_zone = forms.ChoiceField(
        choices=zones,
        required=False,
        label=_("Time zone"),
        help_text=_(
            "Of all times on pages and in forms, and of the daily letter. Programs "
            "get UTC."
        ),
    )
    colours = forms.ChoiceField(
        choices=Colours.choices,
        required=False,
        widget=forms.RadioSelect,
        label=_("Colours"),
    )
    more_contrast = forms.BooleanField(
        required=False,
        label=_("More contrast"),
        help_text=_("Also when my system does not ask for it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
def preferences_page(request: PersonRequest) -> HttpResponse:
    """Show and keep them."""
    person = request.user
    now = {
        "time_zone": person.time_zone,
        "colours": person.colours,
        "more_contrast": person.more_contrast,
    }
    form = PreferencesForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        prefer(person, **form.cleaned_data)
        messages.success(request, gettext("Kept."))
        return redirect("web:preferences")
    status = 400 if form.errors else 200
    return render(request, "accounts/preferences.html", {"form": form}, status=status)
