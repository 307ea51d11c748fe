"""oauthlib's server, for authorization codes and refresh tokens and nothing else.

There is no implicit, password, client credentials or device grant to switch off.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from oauthlib.common import Request, add_params_to_uri
from oauthlib.oauth2 import WebApplicationServer
from oauthlib.oauth2.rfc6749 import errors

from portal.accounts.actor import Actor
from portal.accounts.connections import (
    ACCESS_PREFIX,
    REFRESH_PREFIX,
    Asked,
    new_secret,
)
from portal.oauth.parameters import Parameters
from portal.oauth.validator import Validator, audiences

AUTHORIZE = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
)
TOKEN = (
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "client_secret",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
)
REVOKE = ("token", "token_type_hint", "client_id", "client_secret")
# What S256 makes of a verifier: 32 bytes in base64url, RFC 7636, 4.2.
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Answer:
    """What a program is told: JSON, or nothing."""

    status: int
    body: str
    headers: dict[str, str]


def asked_by(parameters: Parameters) -> Asked:
    """Return what a program asks a person for.

    Raises errors.FatalClientError when it is not known where to answer, else
    errors.OAuth2Error, for `refused()`.
    """
    scopes, told = _server().validate_authorization_request(
        f"/?{parameters.encoded()}", "GET"
    )
    request: Request = told["request"]
    challenge = parameters.get("code_challenge")
    if challenge and (
        parameters.get("code_challenge_method") != "S256"
        or not CHALLENGE.fullmatch(challenge)
    ):
        raise errors.InvalidRequestError(
            description="code_challenge must be made by S256, and "
            "code_challenge_method must say so.",
            request=request,
        )
    if "none" in parameters.get("prompt").split():
        # The person is asked each time.
        raise errors.ConsentRequired(request=request)
    return Asked(
        program=request.client,
        scopes=scopes,
        audiences=audiences(request, parameters.all("resource"))
        or [settings.PUBLIC_URL],
        redirect_uri=request.redirect_uri,
        challenge=challenge,
    )


def allowed(parameters: Parameters, asked: Asked, *, actor: Actor) -> str:
    """Let the program in; return where its person goes now. Raises NotPresent."""
    headers, _, _ = _server().create_authorization_response(
        f"/?{parameters.encoded()}",
        "GET",
        scopes=asked.scopes,
        credentials={"asked": asked, "actor": actor},
    )
    return _signed(headers["Location"])


def refused(error: errors.OAuth2Error) -> str:
    """Return where the person goes with an error that the program may know."""
    return _signed(error.in_uri(error.redirect_uri))


def denied(parameters: Parameters, asked: Asked) -> str:
    """Return where the person goes who does not let the program in."""
    error = errors.AccessDeniedError(state=parameters.get("state") or None)
    return _signed(error.in_uri(asked.redirect_uri))


def tokens(parameters: Parameters, headers: dict[str, str]) -> Answer:
    """Answer at the token endpoint."""
    try:
        _, body, status = _server().create_token_response(
            "/", "POST", parameters.encoded(), headers
        )
    except errors.OAuth2Error as error:
        body, status = error.json, error.status_code
    return _answer(status, body)


def revoked(parameters: Parameters, headers: dict[str, str]) -> Answer:
    """Answer at the revocation endpoint (RFC 7009)."""
    _, body, status = _server().create_revocation_response(
        "/", "POST", parameters.encoded(), headers
    )
    return _answer(status, body)


def _answer(status: int, body: str) -> Answer:
    # oauthlib would ask for a bearer token, which no client has yet.
    challenge = {"WWW-Authenticate": 'Basic realm="gatehouse"'} if status == 401 else {}
    return Answer(status, body, challenge)


def _signed(location: str) -> str:
    """Say who answers (RFC 9207), so that another server cannot be mistaken for us."""
    return str(add_params_to_uri(location, [("iss", settings.PUBLIC_URL)]))


def _server() -> Any:
    return WebApplicationServer(
        Validator(),
        token_generator=lambda request, **_: new_secret(ACCESS_PREFIX),
        refresh_token_generator=lambda request, **_: new_secret(REFRESH_PREFIX),
        token_expires_in=settings.OAUTH_ACCESS_LIFE,
    )
