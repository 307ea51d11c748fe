"""Let somebody who is signed in prove once more that it is them, and then go on.

What they had sent goes along in the page as hidden fields, and the answer sends the
browser there again by 307, which repeats method and body: no typed word is lost, and
nothing is kept on the server. Only a form that came with its token gets that far.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.accounts import sign_in
from portal.accounts.errors import ConfirmationNeeded
from portal.accounts.models import Factor, Person
from portal.accounts.presence import present_actor
from portal.accounts.session_store import CONFIRMED_AT
from portal.web.pages import PersonRequest, page
from portal.web.people.proofs import CODE, PASSWORD, ProofTries, proved_by

PREFIX = "proof_"
NEXT, METHOD = "proof_next", "proof_method"


class Again(HttpResponseRedirect):
    """Send it again as it was: the same method and body."""

    status_code = 307


class Confirming:
    """Middleware: whatever needs a fresh proof is answered by asking for one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        if not isinstance(error, ConfirmationNeeded):
            return None
        path = request.get_full_path()
        return _ask(request, path, is_post=request.method == "POST", status=403)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters(PASSWORD, CODE)
@page
def confirm_page(request: PersonRequest) -> HttpResponse:
    """Ask for proof; once it is given, go on where it was needed."""
    if request.method != "POST":
        return _ask(request, request.GET.get("next", "/"), is_post=False, status=200)
    wanted, is_post = request.POST.get(NEXT, "/"), request.POST.get(METHOD) == "post"
    actor, tries = present_actor(request), ProofTries(request.user)
    if not tries.allow():
        response = _ask(request, wanted, is_post, status=429, error=tries.words)
        response["Retry-After"] = str(tries.seconds)
        return response
    way = proved_by(request, request.user, actor=actor)
    if way is None:
        words = gettext("That does not prove it. Try again.")
        return _ask(request, wanted, is_post, status=400, error=words)
    tries.forget()
    request.session[CONFIRMED_AT] = timezone.now().isoformat()
    sign_in.confirmed(actor=actor, way=way)
    to = safe(request, wanted)
    return Again(to) if is_post else redirect(to)


def _ask(
    request: HttpRequest, wanted: str, is_post: bool, *, status: int, error: str = ""
) -> HttpResponse:
    """Answer with the page that asks for proof, which carries along what was sent."""
    person = request.user
    kinds = (
        set(person.factors.values_list("kind", flat=True))
        if isinstance(person, Person)
        else set()
    )
    context: dict[str, Any] = {
        "next": safe(request, wanted),
        "method": "post" if is_post else "get",
        "carried": list(carried(request.POST)) if is_post else [],
        "error": error,
        "sso": settings.OIDC_NAME
        if isinstance(person, Person) and person.identities.exists()
        else "",
        "has_password": isinstance(person, Person) and person.has_usable_password(),
        "has_app": Factor.Kind.APP in kinds,
        "has_code": bool(kinds),
        "has_passkey": Factor.Kind.PASSKEY in kinds,
    }
    response = render(request, "accounts/confirm.html", context, status=status)
    add_never_cache_headers(response)
    return response


def carried(sent: QueryDict) -> Iterator[tuple[str, str]]:
    """Yield what was sent, but for the form's token and for what proves."""
    for name, values in sent.lists():
        if name != "csrfmiddlewaretoken" and not name.startswith(PREFIX):
            for value in values:
                yield name, str(value)


def safe(request: HttpRequest, wanted: str) -> str:
    """Return where to go on: a page of ours, else home."""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
