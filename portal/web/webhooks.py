"""Webhooks: who is told of what happens, and what became of telling them."""

from itertools import islice
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, listed, page
from portal.webhooks.listening import (
    ADDRESS_LIMIT,
    EVERYTHING,
    NAME_LIMIT,
    OFFERED,
    SUBJECTS,
    USUAL,
    make_webhook,
    pause,
    remove,
    resume,
    send_again,
    send_test,
)
from portal.webhooks.models import Form, Message, Webhook, WebhookQuerySet

# No slug of a gateway.
ALL = "*"
ACTS = {
    "pause": (pause, _("It is paused: nothing is sent.")),
    "resume": (resume, _("It hears of what happens from now on.")),
    "remove": (remove, _("It is removed; its address and its secret are forgotten.")),
    "test": (send_test, _("A test is on its way.")),
}
TITLES = {
    "change": _("Changes"),
    "delivery": _("Deliveries"),
    "expiry": _("Taking back"),
    "freeze": _("Freezes"),
    "probe": _("Probes"),
    "drift": _("Drift"),
    "gateway": _("Gateways"),
    "drift_rule": _("Drift rule"),
    "token": _("Token"),
    "program": _("Program"),
    "person": _("Person"),
    "session": _("Session"),
    "membership": _("Membership"),
    "ownership": _("Ownership"),
    "group": _("Group"),
    "policy": _("Policy"),
    "rules": _("Rules"),
    "webhook": _("Webhook"),
    "audit": _("Audit"),
    "keys": _("Keys"),
}


def _offered() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the events one may choose, by what they are about."""
    return [
        (
            gettext("Everything"),
            [(EVERYTHING, gettext("does anything, also what later versions record"))],
        ),
        *(
            (
                str(TITLES.get(subject, subject.replace("_", " ").capitalize())),
                [
                    (event.value, str(event.label).capitalize())
                    for event in OFFERED
                    if event.value.partition(".")[0] == subject
                ],
            )
            for subject in SUBJECTS
        ),
    ]


class WebhookForm(forms.Form):
    """What a new webhook is."""

    name = forms.CharField(
        max_length=NAME_LIMIT, label=_("Name"), help_text=_("Such as “Team chat”.")
    )
    form = forms.ChoiceField(choices=Form.choices, label=_("As"))
    address = forms.CharField(
        max_length=ADDRESS_LIMIT,
        label=_("Goes to"),
        help_text=_(
            "An https:// address, or for e-mail an e-mail address. "
            "It is kept encrypted and only its host is shown."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    gateway = forms.ChoiceField(label=_("Of"))
    events = forms.MultipleChoiceField(
        choices=_offered,
        initial=[event.value for event in USUAL],
        widget=forms.CheckboxSelectMultiple,
        label=_("Tells when somebody or Gatehouse"),
        error_messages={"required": _("Choose at least one event.")},
    )

    def __init__(self, person: Person, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gateways = {
            gateway.slug: gateway for gateway in person.gateways(Verb.ADMINISTER)
        }
        everywhere = person.may_everywhere(Verb.ADMINISTER)
        self.fields["gateway"].choices = [  # type: ignore[attr-defined]
            *([(ALL, gettext("all gateways"))] if everywhere else []),
            *(
                (slug, gettext("gateway %(slug)s") % {"slug": slug})
                for slug in self.gateways
            ),
        ]

    @property
    def groups(self) -> list[tuple[str, list[forms.boundfield.BoundWidget]]]:
        """The boxes of the events, by what they are about."""
        boxes = iter(self["events"])
        return [
            (title, list(islice(boxes, len(events)))) for title, events in _offered()
        ]


def visible_webhooks(person: Person) -> WebhookQuerySet:
    """Keep what reaches gateways whose administrator or auditor somebody is."""
    webhooks = Webhook.objects.filter(removed_at=None).select_related(
        "gateway", "maker"
    )
    reached = Q(gateway__in=person.gateways(Verb.ADMINISTER)) | Q(
        gateway__in=person.gateways(Verb.EXPORT)
    )
    if person.may_everywhere(Verb.ADMINISTER) or person.may_everywhere(Verb.EXPORT):
        return webhooks
    return webhooks.filter(reached)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@sensitive_variables("secret")
def webhooks_page(request: PersonRequest) -> HttpResponse:
    """List the webhooks; a POST makes one and shows its secret, this once."""
    person, actor = request.user, present_actor(request)
    administers = person.may_anywhere(Verb.ADMINISTER)
    if not administers and not person.may_anywhere(Verb.EXPORT):
        raise NotAllowed(
            gettext("Webhooks are for administrators and auditors of a gateway.")
        )
    form = WebhookForm(person, request.POST or None) if administers else None
    made, secret, status = None, "", 200
    if request.method == "POST":
        actor.require_present_person()
        status = 400
        if form is None:
            actor.require_administrator()
        elif form.is_valid():
            given = form.cleaned_data
            try:
                made, secret = make_webhook(
                    actor=actor,
                    gateway=form.gateways.get(given.pop("gateway")),
                    **given,
                )
                form, status = WebhookForm(person), 200
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
    context = {
        "webhooks": visible_webhooks(person),
        "form": form,
        "made": made,
        "secret": secret,
    }
    # Never kept by a browser or a proxy: `page` says no-store of every page.
    return render(request, "webhooks/list.html", context, status=status)


@page
def webhook_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Show one webhook and the log of its messages."""
    webhook = get_object_or_404(visible_webhooks(request.user), pk=pk)
    log = listed(webhook.messages.prefetch_related("past_tries"), request, "id")
    context = {
        "webhook": webhook,
        "events": [
            gettext("does anything") if name == EVERYTHING else str(Event(name).label)
            for name in webhook.events
            if name == EVERYTHING or name in Event
        ],
        "list": log,
        "may": present_actor(request).administers(webhook.gateway),
    }
    return render(request, "webhooks/detail.html", context)


@require_POST
@page
def act(request: PersonRequest, pk: int, name: str) -> HttpResponse:
    """Pause, resume, remove or try out a webhook."""
    webhook = get_object_or_404(visible_webhooks(request.user), pk=pk)
    operation, words = ACTS[name]
    operation(webhook, actor=present_actor(request))
    messages.success(request, words)
    return redirect("web:webhooks") if name == "remove" else redirect(webhook)


@require_POST
@page
def again(request: PersonRequest, pk: int, message_id: int) -> HttpResponse:
    """Send a message once more."""
    webhook = get_object_or_404(visible_webhooks(request.user), pk=pk)
    message = get_object_or_404(
        Message.objects.select_related("webhook__gateway"),
        webhook=webhook,
        pk=message_id,
    )
    send_again(message, actor=present_actor(request))
    messages.success(request, gettext("It is sent again in a moment."))
    return redirect(webhook)
