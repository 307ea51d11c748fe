"""The second step of signing in, and signing in by a passkey in one."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import passkeys, sign_in
from portal.accounts.actor import Actor
from portal.accounts.models import Factor, Person
from portal.accounts.presence import carries_token
from portal.client_address import address_of, network_of
from portal.rate_limits import Window
from portal.web.pages import refusal
from portal.web.people.proofs import (
    CODE,
    PASSKEY,
    ProofTries,
    keep_state,
    proved_by,
    taken_state,
)
from portal.web.people.sign_in import (
    HALF_WAY,
    SignIn,
    SignInForm,
    Tries,
    come_in,
    stranger,
)
from portal.web.people.ways import Way

# Passkeys asked for from one network within five minutes: a whole office may come in.
ASKED_AT_MOST, WITHIN = 100, 300
HALF_WAY_FOR = timedelta(minutes=10)
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_people(view: View[P]) -> View[P]:
    """Let strangers in, but nobody who brings a token."""

    @never_cache
    @wraps(view)
    def guarded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if carries_token(request):
            return refusal(
                request, 403, gettext("A token opens the API; people sign in.")
            )
        return view(request, *args, **kwargs)

    return guarded


def half_way(request: HttpRequest) -> tuple[Person | None, str]:
    """Return whose password was right a while ago, and where they want to go."""
    kept: dict[str, Any] = request.session.get(HALF_WAY) or {}
    at = parse_datetime(kept.get("at", ""))
    if at is None or timezone.now() - at > HALF_WAY_FOR:
        return None, "/"
    person = Person.objects.filter(pk=kept["person"], is_active=True).first()
    if person is None or not constant_time_compare(
        person.get_session_auth_hash(), kept["hash"]
    ):
        return None, "/"
    return person, kept["next"]


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters(CODE)
@for_people
def second_page(request: HttpRequest) -> HttpResponse:
    """Ask whoever gave the right password for their second factor."""
    person, next_url = half_way(request)
    if person is None:
        return redirect("web:login")
    if request.method != "POST":
        return _ask(request, person)
    tries = ProofTries(person)
    if not tries.allow():
        response = _ask(request, person, error=tries.words, status=429)
        response["Retry-After"] = str(tries.seconds)
        return response
    somebody = stranger(request)
    actor = Actor(
        person=person,
        channel=somebody.channel,
        client=somebody.client,
        request_id=somebody.request_id,
    )
    way = proved_by(request, person, actor=actor)
    if way in (None, Way.PASSWORD):
        sign_in.sign_in_failed(
            person.username,
            stranger=somebody,
            address=address_of(request),
            step="second factor",
        )
        return _ask(request, person, error=_wrong(request), status=400)
    tries.forget()
    request.session.pop(HALF_WAY, None)
    come_in(request, person, way=str(way))
    return redirect(next_url)


def _wrong(request: HttpRequest) -> str:
    if request.POST.get(PASSKEY):
        return gettext("This passkey does not open this account. Try another.")
    return gettext("That code is not right, or was used before. Wait for the next one.")


def _ask(
    request: HttpRequest, person: Person, *, error: str = "", status: int = 200
) -> HttpResponse:
    kinds = set(person.factors.values_list("kind", flat=True))
    context = {
        "name": person.username,
        "error": error,
        "has_app": Factor.Kind.APP in kinds,
        "has_passkey": Factor.Kind.PASSKEY in kinds,
    }
    return render(request, "accounts/second_factor.html", context, status=status)


@require_POST
@for_people
def ask_passkey(request: HttpRequest) -> HttpResponse:
    """Tell the browser which passkey to ask for: of whom we know, else any of ours."""
    # What was asked is kept in a session, and a stranger may begin any number of these.
    tries = Window("passkey", network_of(request), limit=ASKED_AT_MOST, seconds=WITHIN)
    if not tries.allows():
        return JsonResponse(
            {}, status=429, headers={"Retry-After": str(int(tries.wait()) + 1)}
        )
    if isinstance(request.user, Person):
        person: Person | None = request.user
    else:
        person, _ = half_way(request)
    options, state = passkeys.ask_for(person)
    keep_state(request, state)
    return JsonResponse(options)


@require_POST
@for_people
def by_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in by a passkey alone: it asked its owner for a finger or a PIN."""
    tries = Tries(request, "", "passkey")
    view = SignIn()
    view.setup(request)
    if not tries.allow():
        words = gettext("Too many tries. Try again in %(wait)s.") % {"wait": tries.wait}
        response = refusal(request, 429, words)
        response["Retry-After"] = str(tries.seconds)
        return response
    person = passkeys.owner_of(
        request.POST.get(PASSKEY, ""), state=taken_state(request)
    )
    if person is None:
        sign_in.sign_in_failed(
            "", stranger=stranger(request), address=address_of(request), step="passkey"
        )
        context = view.get_context_data(form=SignInForm(request), is_unknown=True)
        response = view.render_to_response(context)
        response.status_code = 400
        return response
    tries.forget()
    come_in(request, person, way=Way.PASSKEY)
    return redirect(view.get_success_url())
