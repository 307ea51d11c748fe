"""Who calls the API: a person's program, by its bearer token. Sessions do not count.

The middleware's `request.user` (from a session cookie) is never looked at, and a
token never becomes a session: see portal/accounts/presence.py for the other doors.
"""

import re
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.accounts.actor import Actor, Channel
from portal.accounts.models import ApiToken, Person
from portal.accounts.roles import Verb
from portal.accounts.tokens import find_token
from portal.api.throttles import minute
from portal.client_address import network_of

TOKEN_FORM = re.compile(r"[\x21-\x7e]{8,512}")
CLIENT_LIMIT, CONVERSATION_LIMIT = 200, 200
NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]+")
PRODUCT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <personal token>`."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        """Return the token's person and the token; None when no credential is given.

        Raises AuthenticationFailed for a token that is not, or no longer, valid, and
        Throttled when that happens too often from one address.
        """
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        token = None
        if scheme.lower() == "bearer" and TOKEN_FORM.fullmatch(secret):
            token = find_token(secret)
        if token is None:
            self._count_failure(request)
            raise AuthenticationFailed(
                "This token is not valid: it is wrong, expired or revoked. Make a new one "
                f"at {settings.PUBLIC_URL}/tokens/ and send it as Authorization: Bearer."
            )
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        if request.headers.get("Authorization"):
            return 'Bearer realm="gatehouse", error="invalid_token"'
        return 'Bearer realm="gatehouse"'

    def _count_failure(self, request: Request) -> None:
        # Only failures count, so that a good token behind the same proxy still passes.
        network = network_of(request._request)
        window = minute("failed", network, settings.API_RATE_FAILED)
        if not window.allows():
            raise Throttled(wait=window.wait())


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
    return Actor(
        person=request.user,
        channel=Channel.API,
        client=client_name(request, token),
        token=token,
        request_id=getattr(request, "request_id", ""),
    )


def client_name(request: Request, token: ApiToken) -> str:
    """Say which program calls: the token's name, then what the program claims to be.

    The name was chosen by the token's owner; the claim is a header anybody can send,
    so it stands in parentheses and nothing is decided by it.
    """
    claimed = claimed_program(request)
    name = "".join(c if c.isprintable() else " " for c in token.name).strip()
    if not claimed or claimed.lower() in name.lower():
        return name[:CLIENT_LIMIT]
    return f"{name} ({claimed})"[:CLIENT_LIMIT]


def claimed_program(request: Request) -> str:
    """Return the product that the caller's headers name, or ""."""
    agent = request.headers.get("User-Agent", "")
    if "openai-conversation-id" in request.headers or "chatgpt-user" in agent.lower():
        return "ChatGPT"
    product = PRODUCT.match(agent)
    return product[0] if product else ""


def conversation_of(request: Request) -> str:
    """Return the client's own id of the conversation: a correlator, never proof."""
    given = request.headers.get("openai-conversation-id", "")
    return _printable(given)[:CONVERSATION_LIMIT]


def _printable(text: str) -> str:
    return NOT_PRINTABLE.sub(" ", text).strip()
