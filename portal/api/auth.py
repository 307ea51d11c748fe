"""Who calls the API: a person's program, by its bearer token. Sessions do not count.

The middleware's `request.user` (from a session cookie) is never looked at, and a
token never becomes a session: see portal/accounts/presence.py for the other doors.
"""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal import callers
from portal.accounts.actor import Actor, Channel
from portal.accounts.models import ApiToken, Person
from portal.accounts.roles import Verb
from portal.callers import BadToken, TooMany


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer` and a personal token, or an OAuth access token."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        """Return the token's person and the token; None when no credential is given.

        Raises AuthenticationFailed for a token that is not, or no longer, valid, and
        Throttled when that happens too often from one address.
        """
        sent = request._request
        if not sent.headers.get("Authorization"):
            return None
        try:
            token = callers.token_of(sent, callers.bearer_of(sent))
        except BadToken as error:
            raise AuthenticationFailed(str(error)) from error
        except TooMany as error:
            raise Throttled(wait=error.wait) from error
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        came = request.headers.get("Authorization")
        return callers.challenge(error="invalid_token" if came else "")


class HasScope(BasePermission):
    """The caller is somebody, and the token's scopes reach what the view does."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Person):
            return False
        actor_of(request).require_scope(getattr(view, "verb", Verb.READ))
        return True


def actor_of(request: Request) -> Actor:
    """Return who acts in this request: the token's person, through the API."""
    token = request.auth
    if not isinstance(token, ApiToken) or not isinstance(request.user, Person):
        raise AuthenticationFailed("Send a token as Authorization: Bearer.")
    return callers.program(request._request, token, Channel.API)
