"""My second factors: add an app or a passkey, take one away, make recovery codes."""

import qrcode
from django import forms
from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import authenticator_app, passkeys
from portal.accounts.factors import remove_factor
from portal.accounts.presence import present_actor
from portal.accounts.recovery_codes import renew_codes
from portal.accounts.session_store import WAY
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest, page
from portal.web.people.proofs import PASSKEY, keep_state, taken_state
from portal.web.people.ways import Way


class AppForm(forms.Form):
    """The code that the app shows once it holds the secret."""

    offer = forms.CharField(widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=20,
        label=_("Code that it shows"),
        help_text=_("Six digits."),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}
        ),
    )


class PasskeyForm(forms.Form):
    name = forms.CharField(
        max_length=passkeys.NAME_LIMIT,
        label=_("Name"),
        help_text=_("Where you keep it, such as “Work laptop”."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page
@sensitive_variables("secret", "codes")
def add_app_page(request: PersonRequest) -> HttpResponse:
    """Show a new secret as a picture and as text; a code proves that an app has it."""
    actor, status = present_actor(request), 200
    actor.require_fresh()
    offer = request.POST.get("offer", "") or authenticator_app.offer(request.user)
    form = AppForm(request.POST or None, initial={"offer": offer})
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                codes = authenticator_app.add_app(**form.cleaned_data, actor=actor)
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
            else:
                return _added(
                    request, codes, gettext("Your authenticator app is added.")
                )
    secret = authenticator_app.offered(offer, request.user)
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": _picture(authenticator_app.address_for(secret, request.user)),
    }
    return render(request, "accounts/add_app.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def add_passkey_page(request: PersonRequest) -> HttpResponse:
    """Name a passkey; the browser makes it and its answer comes with the form."""
    actor, status = present_actor(request), 200
    actor.require_fresh()
    form = PasskeyForm(request.POST or None)
    if request.method == "POST":
        status = 400
        state = taken_state(request)
        if form.is_valid():
            answer, name = request.POST.get(PASSKEY, ""), form.cleaned_data["name"]
            try:
                codes = passkeys.add_passkey(
                    answer, name=name, state=state, actor=actor
                )
            except GatehouseError as error:
                form.add_error(None, str(error))
                status = error.status
            else:
                return _added(
                    request,
                    codes,
                    gettext("The passkey %(name)s is added.") % {"name": name},
                )
    return render(request, "accounts/add_passkey.html", {"form": form}, status=status)


@require_POST
@page
def begin_passkey(request: PersonRequest) -> HttpResponse:
    """Tell the browser what to make a passkey by."""
    options, state = passkeys.ask_to_add(actor=present_actor(request))
    keep_state(request, state)
    return JsonResponse(options)


@require_POST
@page
def remove(request: PersonRequest, factor_id: int) -> HttpResponse:
    """Take one of my second factors away."""
    factor = remove_factor(factor_id, actor=present_actor(request))
    messages.success(
        request,
        gettext("%(factor)s no longer opens your account.") % {"factor": factor.name},
    )
    return redirect("web:security")


@require_POST
@page
@sensitive_variables("codes")
def renew(request: PersonRequest) -> HttpResponse:
    """Make new recovery codes and show them, this once."""
    codes = renew_codes(actor=present_actor(request))
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


def _added(request: PersonRequest, codes: list[str], words: str) -> HttpResponse:
    # They have just proved it: this session counts as opened by it.
    if request.session.get(WAY) == Way.PASSWORD:
        request.session[WAY] = Way.CODE
    messages.success(request, words)
    if codes:
        return render(request, "accounts/recovery_codes.html", {"codes": codes})
    return redirect("web:security")


def _picture(text: str) -> dict[str, str | int]:
    """Return a QR code as the size of its square and the path that draws it."""
    code = qrcode.QRCode(border=2)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return {"size": len(rows), "path": path}
