"""My inbox: what I was told, and how I want to be told."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.models import Person
from portal.notifications.keeping import read, read_all
from portal.notifications.models import Notification, Topic, Way
from portal.notifications.ways import set_ways, ways_of
from portal.web.pages import PersonRequest, listed, page


class WaysForm(forms.Form):
    """One choice for each topic."""

    def __init__(self, person: Person, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        for topic, way in ways_of(person).items():
            self.fields[topic.value] = forms.ChoiceField(
                choices=Way.choices, initial=way, label=topic.label
            )

    def ways(self) -> dict[Topic, Way]:
        return {Topic(name): Way(way) for name, way in self.cleaned_data.items()}


@require_GET
@page
def inbox_page(request: PersonRequest) -> HttpResponse:
    """List what I was told, the newest first; what is read only when asked for."""
    mine = Notification.objects.shown_to(request.user).select_related("gateway")
    shows_all = request.GET.get("state") == "all"
    context = {
        "list": listed(mine if shows_all else mine.unread(), request, "id"),
        "shows_all": shows_all,
    }
    return render(request, "inbox/list.html", context)


@require_GET
@page
def notification_page(request: PersonRequest, number: int) -> HttpResponse:
    """Lead to what a notification is about; it is read from then on."""
    found = read(request.user, number, timezone.now())
    if found is None:
        raise Http404
    return redirect(found.path)


@require_POST
@page
def read_everything(request: PersonRequest) -> HttpResponse:
    """Mark as read what I was shown: not what came after I looked."""
    until = request.POST.get("until", "")
    if until.isascii() and until.isdigit() and len(until) < 19:
        read_all(request.user, int(until), timezone.now())
    return redirect("web:inbox")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def settings_page(request: PersonRequest) -> HttpResponse:
    """Choose how I am told of each topic."""
    form = WaysForm(request.user, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_ways(request.user, form.ways())
        messages.success(request, gettext("From now on you are told like this."))
        return redirect("web:inbox_settings")
    status = 400 if form.errors else 200
    return render(request, "inbox/settings.html", {"form": form}, status=status)
