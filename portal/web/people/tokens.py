"""My tokens and the programs I let in: make one, see it once, end it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.models import Person, Scope
from portal.accounts.presence import present_actor
from portal.accounts.tokens import create_token, revoke_token
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, page

LIVES = [
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("1 year")),
]
FOR_EVER = ("", _("No end (revoke it by hand)"))


class TokenForm(forms.Form):
    """What a new token is for."""

    name = forms.CharField(
        max_length=80,
        label=_("Name"),
        help_text=_("Which program will use it, such as “ChatGPT”."),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=list(Scope.values),
        widget=forms.CheckboxSelectMultiple,
        label=_("It may"),
        help_text=_("Deciding is for people: no token can approve anything."),
        error_messages={"required": _("Choose at least one thing it may do.")},
    )
    days = forms.ChoiceField(
        choices=[*LIVES, FOR_EVER], initial="90", required=False, label=_("Ends after")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
@sensitive_variables("secret")
def tokens_page(request: PersonRequest) -> HttpResponse:
    """List my tokens; a POST makes one and shows it, this once."""
    context, status = made_by_form(request)
    context |= {
        "tokens": request.user.api_tokens.personal(),
        "connections": request.user.api_tokens.connections()
        .usable(timezone.now())
        .select_related("program"),
    }
    return render(request, "tokens/mine.html", context, status=status)


@sensitive_variables("secret")
def made_by_form(
    request: PersonRequest, account: Person | None = None
) -> tuple[dict[str, Any], int]:
    """Make the token that a POST asks for; return what the page shows, and its status.

    The secret is shown in this answer alone, which nobody keeps: `page` says no-store.
    """
    form = TokenForm(request.POST or None)
    made, secret, status = None, "", 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                made, secret = create_token(
                    actor=present_actor(request),
                    name=given["name"],
                    scopes=given["scopes"],
                    days=int(given["days"]) if given["days"] else None,
                    account=account,
                )
                form, status = TokenForm(), 200
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
    return {"form": form, "made": made, "secret": secret}, status


@require_POST
@page
def revoke(request: PersonRequest, token_id: int) -> HttpResponse:
    """End a token or connection of mine, or of a service account of my team."""
    token = revoke_token(token_id, actor=present_actor(request))
    messages.success(
        request, gettext("%(token)s no longer opens anything.") % {"token": token.name}
    )
    if token.person.is_service:
        return redirect("web:service_account", pk=token.person_id)
    return redirect("web:tokens")
