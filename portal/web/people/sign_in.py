"""Come in, go out, and set one's own password."""

import math
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from portal.accounts import passwords, sign_in
from portal.accounts.actor import Actor
from portal.accounts.factors import has_factor
from portal.accounts.forgotten import ask_for_link
from portal.accounts.models import Person
from portal.accounts.presence import carries_token, present_actor
from portal.accounts.session_store import (
    ADDRESS,
    BROWSER,
    CONFIRMED_AT,
    SIGNED_IN_AT,
    WAY,
)
from portal.client_address import address_of, network_of
from portal.rate_limits import Window
from portal.web.pages import page, refusal
from portal.web.people.proofs import ProofTries
from portal.web.people.ways import Way

# Seconds, and failures within them: at one name from one address; by one address at all.
WITHIN = 300
PER_NAME, PER_ADDRESS = 5, 30
HALF_WAY = "half_way"


def stranger(request: HttpRequest) -> sign_in.Stranger:
    """Return whoever sends this, not signed in."""
    return sign_in.Stranger(
        client=request.headers.get("User-Agent", "")[:200],
        request_id=getattr(request, "request_id", ""),
    )


class Tries:
    """What may be tried within the window: at one name, and by an address at all."""

    def __init__(self, request: HttpRequest, name: str, what: str = "sign-in") -> None:
        who = (what, network_of(request))
        self._by_address = Window(*who, limit=PER_ADDRESS, seconds=WITHIN)
        self._at_name = Window(*who, name.lower(), limit=PER_NAME, seconds=WITHIN)

    def allow(self) -> bool:
        """Count one more, before it is tried: many at once are not one.

        What is refused is not counted: neither does a locked address make counters for
        ever new names, nor a locked name use up what is left to others at its address.
        """
        if not self._by_address.allows():
            return False
        if not self._at_name.allows():
            self._by_address.give_back()
            return False
        return True

    def forget(self) -> None:
        """Let somebody who got in start anew; their address keeps what failed before."""
        self._at_name.forget()
        self._by_address.give_back()

    @property
    def seconds(self) -> int:
        """How long until there is room again."""
        return math.ceil(self._at_name.wait())

    @property
    def wait(self) -> str:
        """The same for people: `4 minutes`."""
        minutes = math.ceil(self.seconds / 60)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {
            "count": minutes
        }


def go_half_way(request: HttpRequest, person: Person, *, next_url: str) -> None:
    """Remember whose password was right, until the second factor is shown."""
    request.session[HALF_WAY] = {
        "person": person.pk,
        # A password changed meanwhile makes it void.
        "hash": person.get_session_auth_hash(),
        "at": timezone.now().isoformat(),
        "next": next_url,
    }


def come_in(
    request: HttpRequest,
    person: Person,
    *,
    way: str,
    proved_at: datetime | None = None,
) -> None:
    """Sign somebody in who proved who they are; `way` says by what. Recorded.

    `proved_at` is when, None: just now.
    """
    login(request, person)
    now = timezone.now()
    request.session[SIGNED_IN_AT] = now.isoformat()
    request.session[CONFIRMED_AT] = (proved_at or now).isoformat()
    request.session[WAY] = way
    request.session[BROWSER] = request.headers.get("User-Agent", "")[:200]
    request.session[ADDRESS] = address_of(request)
    # The ledger names the session, so it must have its key by now.
    request.session.save()
    sign_in.signed_in(actor=present_actor(request), way=way)


class SignInForm(auth_forms.AuthenticationForm):
    error_messages = {
        "invalid_login": _("Name and password do not belong together. Try again."),
        "inactive": _("This account is switched off. Ask an administrator."),
    }


@method_decorator(never_cache, name="dispatch")
class SignIn(auth_views.LoginView):
    """Sign in with name and password."""

    template_name = "accounts/login.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if carries_token(request):
            return refusal(
                request, 403, gettext("A token opens the API; people sign in.")
            )
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        sso = settings.OIDC_NAME if settings.OIDC_ISSUER else ""
        return super().get_context_data(sso=sso, **more)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.POST.get("username", "")
        tries = Tries(request, name)
        if not tries.allow():
            # Not what was sent: to show that, it would be looked up, and a locked door
            # tells nobody which key fits.
            empty = SignInForm(request, initial={"username": name[:150]})
            context = {"is_locked": True, "wait": tries.wait, "form": empty}
            response = self.render_to_response(self.get_context_data(**context))
            response.status_code = 429
            response["Retry-After"] = str(tries.seconds)
            return response
        form = self.get_form()
        if form.is_valid():
            tries.forget()
            return self.form_valid(form)
        sign_in.sign_in_failed(
            name[:150].replace("\x00", ""),
            stranger=stranger(request),
            address=address_of(request),
        )
        return self.form_invalid(form)

    def form_valid(self, form: auth_forms.AuthenticationForm) -> HttpResponse:
        person: Person = form.get_user()
        if has_factor(person):
            go_half_way(self.request, person, next_url=self.get_success_url())
            return redirect("web:second_factor")
        come_in(self.request, person, way=Way.PASSWORD)
        return redirect(self.get_success_url())

    def form_invalid(self, form: auth_forms.AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 400
        return response


class SignOut(auth_views.LogoutView):
    """Sign out, by POST only."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not carries_token(request):
            sign_in.signed_out(actor=present_actor(request))
        return super().post(request, *args, **kwargs)


class ChangeForm(auth_forms.PasswordChangeForm):
    """A new password, by whoever knows the old one."""

    def clean_old_password(self) -> str:
        """Count the tries: whoever found an open browser must not find the password."""
        tries = ProofTries(self.user)
        if not tries.allow():
            raise ValidationError(tries.words)
        old: str = super().clean_old_password()
        tries.forget()
        return old


@method_decorator(page, name="dispatch")
class ChangePassword(auth_views.PasswordChangeView):
    """Set a new password, knowing the old one."""

    template_name = "accounts/password_change.html"
    form_class = ChangeForm
    success_url = reverse_lazy("web:security")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        passwords.password_set(form.user, actor=present_actor(self.request))
        messages.success(
            self.request,
            gettext("Your password is changed. You are signed out everywhere else."),
        )
        return response


class ResetForm(auth_forms.PasswordResetForm):
    """Ask for a link by mail."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Have it mailed; the caller cannot tell whether anybody has this address."""
        ask_for_link(self.cleaned_data["email"], asker=self.asker)

    asker: sign_in.Stranger


class ResetPassword(auth_views.PasswordResetView):
    """Ask for a link to set a forgotten password."""

    template_name = "accounts/password_reset.html"
    form_class = ResetForm
    success_url = reverse_lazy("web:password_reset_done")

    def form_valid(self, form: Any) -> HttpResponse:
        tries = Tries(self.request, form.cleaned_data["email"], "reset")
        if not tries.allow():
            words = gettext("Too many links were asked for. Try again in %(wait)s.") % {
                "wait": tries.wait
            }
            response = refusal(self.request, 429, words)
            response["Retry-After"] = str(tries.seconds)
            return response
        form.asker = stranger(self.request)
        return super().form_valid(form)


class SetPassword(auth_views.PasswordResetConfirmView):
    """Set a password by the link from the mail."""

    template_name = "accounts/password_set.html"
    success_url = reverse_lazy("web:login")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        person: Person = form.user
        # The link proves who it is; nobody is signed in by it.
        somebody = stranger(self.request)
        actor = Actor(
            person=person,
            channel=somebody.channel,
            client=somebody.client,
            request_id=somebody.request_id,
        )
        passwords.password_set(person, actor=actor)
        messages.success(
            self.request, gettext("Your password is set. Sign in with it.")
        )
        return response
