"""The Admin API's paths: who calls, which gateway is meant, what is asked of it.

Cookies do not count here, nor does a key in the address.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from gateway.admin_api.request import PREFIX, UnknownKind, address_of, segments
from gateway.admin_api.write import Refused
from gateway.connect import connect
from gateway.models import Gateway
from gateway.router.request import arguments
from portal import callers
from portal.accounts.actor import Actor, Channel
from portal.accounts.which_gateway import choose_gateway
from portal.bodies import drain
from portal.facade import passing, reading, writing
from portal.facade.answers import as_sent, refused
from portal.facade.asked import Asked

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"})


# Nothing here is done for a session, so no other site can have it done.
@csrf_exempt
def admin_api(request: HttpRequest, rest: str = "", slug: str | None = None) -> Any:
    """Answer as the Admin API of one gateway would."""
    try:
        return _answer(request, rest, slug)
    # The one place where errors become answers; unexpected ones are logged there.
    except Exception as error:  # noqa: BLE001
        drain(request)
        return refused(error)


def _answer(request: HttpRequest, rest: str, slug: str | None) -> HttpResponse:
    if "\x00" in rest:
        # As the gateway's nginx answers; no database takes it either.
        raise Refused("bad request", status=400)
    parts = segments(f"{PREFIX}/{rest}") if rest.strip("/") else []
    if request.method == "OPTIONS":
        return as_sent(200, b"", "text/plain")
    if not parts and request.method == "HEAD":
        return _alive(request, slug)
    if not parts or request.method not in METHODS:
        raise Refused("not found", status=404)
    actor = _caller(request)
    gateway = choose_gateway(slug, actor=actor)
    asked = Asked(
        method=request.method,
        parts=parts,
        arguments=arguments(request.META.get("QUERY_STRING", "")),
        request=request,
    )
    if parts[0] in passing.PASSED:
        return passing.passed_on(asked, gateway)
    if parts == ["changes"]:
        return writing.submit_now(asked, gateway, actor)
    return _resource(asked, gateway, actor)


def _resource(asked: Asked, gateway: Gateway, actor: Actor) -> HttpResponse:
    try:
        address = address_of(asked.method, asked.parts)
    except UnknownKind as error:
        raise Refused(str(error), status=404) from None
    if asked.method == "HEAD":
        raise Refused("not found", status=404)
    if asked.method == "GET":
        return reading.read(asked, address, gateway, actor)
    return writing.write(asked, address, gateway, actor)


def _alive(request: HttpRequest, slug: str | None) -> HttpResponse:
    """Say that this answers; to a caller with a token, whether its gateway does."""
    if any(name in request.headers for name in ("X-API-KEY", "Authorization")):
        gateway = choose_gateway(slug, actor=_caller(request))
        with connect(gateway) as client:
            client.relay("HEAD", "")
    return as_sent(200, b"", "application/json")


def _caller(request: HttpRequest) -> Actor:
    """Return who calls. Raises BadToken, TooMany."""
    if "api_key" in request.GET:
        raise callers.BadToken(
            "A key in an address ends up in logs. Send the token as X-API-KEY or "
            "Authorization: Bearer."
        )
    secret = request.headers.get("X-API-KEY", "") or callers.bearer_of(request)
    if not secret:
        raise callers.BadToken(
            "missing apikey: send a Gatehouse token as X-API-KEY. Make one at "
            f"{settings.PUBLIC_URL}/tokens/."
        )
    token = callers.token_of(request, secret.strip(), part="/apisix/admin")
    callers.count(request, token)
    return callers.program(request, token, Channel.ADMIN_API)
