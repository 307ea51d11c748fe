"""The page on which a person lets a program in, or does not.

All that is decided on stands in the address: it is read and judged again when the
answer comes, so there is nothing in the form to tamper with.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from oauthlib.oauth2.rfc6749 import errors

from portal.accounts import client_documents, connections, redirects
from portal.accounts.actor import Actor
from portal.accounts.connections import Asked
from portal.accounts.errors import ConfirmationNeeded
from portal.accounts.models import Program, Scope
from portal.accounts.presence import present_actor
from portal.oauth import server
from portal.oauth.parameters import Malformed, Parameters, read
from portal.rate_limits import Window
from portal.web.middleware.headers import POLICY
from portal.web.pages import PersonRequest, page, refusal

# Descriptions of programs that one person may have fetched within a minute.
FETCHES = 30
UNKNOWN = (
    "No program with this client id is known here, so you were not sent back to it. "
    "Connect the program again from its own settings."
)
ELSEWHERE = (
    "The program wants you sent to an address that it has not registered, so you stay "
    "here. Do not use the link you came by; connect the program from its own settings."
)
MEANINGS = {
    Scope.READ: "read what you may see: gateways, routes and changes",
    Scope.PROPOSE: "ask for changes in your name, reviewed as if you had asked",
}
NEVER = (
    "approve or reject a change, or deliver one to a gateway",
    "change rules, roles, people or gateways",
    "see keys, passwords and other secrets",
)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def authorize(request: PersonRequest) -> HttpResponse:
    """Ask the person; a POST answers the program (RFC 6749, 4.1.1)."""
    actor = present_actor(request)
    try:
        parameters = read(request.META.get("QUERY_STRING", ""), server.AUTHORIZE)
        asked = _asked(parameters, actor=actor)
    except Malformed as error:
        return refusal(
            request, 400, f"The program sent a request that is none: {error}"
        )
    except errors.FatalClientError as error:
        return refusal(request, 400, _in_words(error))
    except errors.OAuth2Error as error:
        return _back_with(error, request, actor=actor)
    try:
        actor.require_fresh_for_all()
    except ConfirmationNeeded:
        if request.method != "POST":
            raise
        # Asked on the way to this page, never on the way back to the program: browsers
        # follow no form from the page that asks to another host.
        return HttpResponseRedirect(request.get_full_path())
    if request.method == "POST" and request.POST.get("decision") == "allow":
        return HttpResponseRedirect(server.allowed(parameters, asked, actor=actor))
    if request.method == "POST" and request.POST.get("decision") == "deny":
        return HttpResponseRedirect(server.denied(parameters, asked))
    return _page(request, asked)


def _asked(parameters: Parameters, *, actor: Actor) -> Asked:
    client_id = parameters.get("client_id")
    if client_documents.is_document(client_id):
        fetches = Window(
            "client-document", str(actor.person_id), limit=FETCHES, seconds=60
        )
        if not fetches.allows():
            raise Malformed("too many programs at once. Wait a minute.")
        if client_documents.resolve(client_id, actor=actor) is None:
            raise errors.InvalidClientIdError
    return server.asked_by(parameters)


def _back_with(
    error: errors.OAuth2Error, request: HttpRequest, *, actor: Actor
) -> HttpResponse:
    """Tell the program what it asked wrongly, by sending the person back to it.

    Anybody may register any address: to one that nobody here has trusted yet the person
    goes by a click, or a link to us would be a link to anywhere. RFC 9700, 4.11.2.
    """
    program = Program.objects.get(client_id=error.client_id)
    back = server.refused(error)
    if connections.is_trusted(program, actor=actor):
        return HttpResponseRedirect(back)
    context = {
        "program": program,
        "words": error.description or error.error,
        "host": redirects.host_of(error.redirect_uri),
        "back": back,
    }
    return render(request, "oauth/asked_wrongly.html", context, status=400)


def _in_words(error: errors.FatalClientError) -> str:
    if isinstance(error, errors.InvalidClientIdError | errors.MissingClientIdError):
        return UNKNOWN
    return ELSEWHERE


def _page(request: HttpRequest, asked: Asked) -> HttpResponse:
    program = asked.program
    context = {
        "program": program,
        "is_unproven": program.registration_source != Program.RegistrationSource.MANUAL,
        "host": redirects.host_of(asked.redirect_uri),
        "asked": asked,
        "may": [MEANINGS[Scope(scope)] for scope in sorted(asked.scopes, reverse=True)],
        "never": NEVER,
        "parts": _parts(asked),
        "days": settings.OAUTH_REFRESH_DAYS,
    }
    response = render(request, "oauth/consent.html", context)
    # Browsers hold every redirect that follows a form against this.
    schemes = {"https:", f"{redirects.scheme_of(asked.redirect_uri)}:"}
    response["Content-Security-Policy"] = POLICY.replace(
        "form-action 'self'", " ".join(["form-action 'self'", *sorted(schemes)])
    )
    return response


def _parts(asked: Asked) -> list[str]:
    """Return the only parts of the desk that it gets to; none named: all."""
    if settings.PUBLIC_URL in asked.audiences:
        return []
    return [one.removeprefix(settings.PUBLIC_URL) for one in asked.audiences]
