"""Which program calls, and in whose name: the same for every door for programs.

A token never becomes a session, and a session never a token: see
portal/accounts/presence.py for the doors for people.
"""

import re
from math import ceil

from django.conf import settings
from django.http import HttpRequest

from portal.accounts.actor import Actor
from portal.accounts.models import ApiToken, Scope
from portal.accounts.tokens import find_token
from portal.allowances import note
from portal.client_address import network_of
from portal.errors import GatehouseError
from portal.rate_limits import Window

TOKEN_FORM = re.compile(r"[\x21-\x7e]{8,512}")
CLIENT_LIMIT, CONVERSATION_LIMIT = 200, 200
RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]+")
PRODUCT = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}")


class BadToken(GatehouseError):
    """No token, or one that is not valid."""

    code = "not_authenticated"
    status = 401


class TooMany(GatehouseError):
    """Too many requests in a minute; `wait` is in seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, *, field: str = "", wait: int = 1) -> None:
        super().__init__(message, field=field)
        self.wait = wait

    @classmethod
    def after(cls, window: Window) -> "TooMany":
        """Return the refusal that lasts until this window is over."""
        wait = ceil(window.wait())
        return cls(f"Too many requests. Try again in {wait} seconds.", wait=wait)


def token_of(request: HttpRequest, secret: str, *, part: str = "/api") -> ApiToken:
    """Return the token or connection with this secret, used at this part of the desk.

    Raises BadToken for one that is not, or no longer, valid, and TooMany when that
    happens too often from one address.
    """
    token = find_token(secret, part=part) if TOKEN_FORM.fullmatch(secret) else None
    if token is None:
        # Only failures count, so that a good token behind the same proxy still passes.
        window = minute("failed", network_of(request), settings.API_RATE_FAILED)
        if not window.allows():
            raise TooMany.after(window)
        raise BadToken(
            "This token is not valid: it is wrong, expired, revoked or meant for another "
            "address. Connect the program again, or make a new token at "
            f"{settings.PUBLIC_URL}/tokens/ and send it as Authorization: Bearer."
        )
    return token


def bearer_of(request: HttpRequest) -> str:
    """Return what `Authorization: Bearer` carries, "" for another scheme or none."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def challenge(*, part: str = "", error: str = "", scope: str = "") -> str:
    """Return `WWW-Authenticate` for a refused program (RFC 6750, 3; RFC 9728, 5.1).

    `part` has a description of its own ("/mcp") or shares the desk's (""); `error` is
    RFC 6750's, none when no token came; `scope` is what is needed, by default all that
    a program may have.
    """
    told = {
        "realm": "gatehouse",
        "error": error,
        "scope": scope or " ".join(Scope.values),
        "resource_metadata": f"{settings.PUBLIC_URL}{RESOURCE_METADATA}{part}",
    }
    return "Bearer " + ", ".join(
        f'{name}="{value}"' for name, value in told.items() if value
    )


def program(request: HttpRequest, token: ApiToken, channel: str) -> Actor:
    """Return who acts: the token's person, through this door."""
    return Actor(
        person=token.person,
        channel=channel,
        client=client_name(request, token),
        token=token,
        request_id=getattr(request, "request_id", ""),
    )


def client_name(request: HttpRequest, token: ApiToken) -> str:
    """Say which program calls: the token's name, then what the program claims to be.

    The name was chosen by the token's owner; the claim is a header anybody can send,
    so it stands in parentheses and nothing is decided by it. After the name of a
    program that was let in stands what we know it by.
    """
    if token.program_id:
        return str(token)[:CLIENT_LIMIT]
    claimed = claimed_program(request)
    name = "".join(c if c.isprintable() else " " for c in token.name).strip()
    if not claimed or claimed.lower() in name.lower():
        return name[:CLIENT_LIMIT]
    return f"{name} ({claimed})"[:CLIENT_LIMIT]


def claimed_program(request: HttpRequest) -> str:
    """Return the product that the caller's headers name, or ""."""
    agent = request.headers.get("User-Agent", "")
    if "openai-conversation-id" in request.headers or "chatgpt-user" in agent.lower():
        return "ChatGPT"
    product = PRODUCT.match(agent)
    return product[0] if product else ""


def conversation_of(request: HttpRequest) -> str:
    """Return the client's own id of the conversation: a correlator, never proof."""
    return as_conversation(request.headers.get("openai-conversation-id", ""))


def as_conversation(told: str) -> str:
    """Return what is kept of a client's id of a conversation."""
    return NOT_PRINTABLE.sub(" ", told).strip()[:CONVERSATION_LIMIT]


def count(request: HttpRequest, token: ApiToken) -> None:
    """Count a request of this token. Raises TooMany.

    One program must not use up what its person's other programs may do; many tokens of
    one person are still one person. The answer tells what is left: see allowances.py.
    """
    for window in (
        minute("token", token.pk, settings.API_RATE_TOKEN),
        minute("person", token.person_id, settings.API_RATE_PERSON),
    ):
        is_allowed = window.allows()
        note(request, window)
        if not is_allowed:
            raise TooMany.after(window)


def minute(scope: str, ident: object, limit: int) -> Window:
    """Return the running minute of one caller, at whichever door."""
    return Window("api", scope, str(ident), limit=limit, seconds=60)
