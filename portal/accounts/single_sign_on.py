"""OpenID Connect: send somebody to the provider, and prove what it then says of them.

The authorization code flow with PKCE, state and nonce; the ID token's signature is
proved by the provider's keys. https://openid.net/specs/openid-connect-core-1_0.html
What is kept between the two (`Asked`) belongs in the browser's session.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.conf import settings
from django.core.cache import caches
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from portal.errors import GatehouseError
from portal.outbound import OutboundError, Reach, fetch
from portal.strict_json import NotStrict, read_object

SECONDS, LIMIT = 5.0, 500_000
# Seconds that a provider's description is kept, and that clocks may differ by.
KEPT, LEEWAY = 300, 60
# Signatures by a key of the provider's: never by a secret that both know, never none.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
FORM = "application/x-www-form-urlencoded"


class SignOnFailed(GatehouseError):
    """The provider did not prove who somebody is. The words hold no secret."""

    code = "malformed"
    status = 400


class ProviderDown(SignOnFailed):
    """It did not answer, or not what it should."""

    status = 503


@dataclass(frozen=True)
class Asked:
    """What one sign-in was begun with; nothing else ends it."""

    state: str
    nonce: str
    verifier: str

    def kept(self) -> dict[str, str]:
        return asdict(self)


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def begin(*, again: bool = False) -> tuple[str, Asked]:
    """Return where to send somebody, and what to keep until they come back.

    `again`: the provider shall ask them anew who they are. Raises ProviderDown.
    """
    client = _client()
    asked = Asked(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=client.create_code_verifier(64),
    )
    # By hand: the library refuses http, which a provider on this machine may speak.
    fields = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": _redirect_uri(),
        "scope": settings.OIDC_SCOPES,
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": client.create_code_challenge(asked.verifier, "S256"),
        "code_challenge_method": "S256",
        **({"prompt": "login", "max_age": "0"} if again else {}),
    }
    address = _endpoint("authorization_endpoint")
    address += ("&" if urlsplit(address).query else "?") + urlencode(fields)
    return address, asked


def claims_of(
    answer: Mapping[str, str], asked: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return what the provider says of whoever came back with this answer.

    `iss` and `sub` are proved to be there. Raises SignOnFailed, ProviderDown.
    """
    if not asked or not constant_time_compare(
        answer.get("state", ""), asked.get("state", "-")
    ):
        raise SignOnFailed(
            gettext("This sign-in was not begun here, or is over. Begin anew.")
        )
    if answer.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise SignOnFailed(gettext("The answer is another provider's. Begin anew."))
    code = answer.get("code", "")
    if not code:
        raise SignOnFailed(
            gettext("%(oidc_name)s did not let you in. Begin anew.")
            % {"oidc_name": settings.OIDC_NAME}
        )
    tokens = _tokens(code, asked["verifier"])
    claims = _proved(str(tokens.get("id_token", "")), nonce=asked["nonce"])
    return _told_more(claims, str(tokens.get("access_token", "")))


def _tokens(code: str, verifier: str) -> dict[str, Any]:
    """Buy tokens for a code (RFC 6749, 4.1.3)."""
    client = _client()
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    methods = _described().get(
        "token_endpoint_auth_methods_supported", ["client_secret_basic"]
    )
    extra = {}
    if "client_secret_basic" in methods:
        pair = ":".join(
            quote(one, safe="")
            for one in (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
        )
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        extra["client_secret"] = settings.OIDC_CLIENT_SECRET
    body = client.prepare_request_body(
        code=code, redirect_uri=_redirect_uri(), code_verifier=verifier, **extra
    )
    text = _read(_endpoint("token_endpoint"), headers=headers, content=body.encode())
    try:
        return dict(client.parse_request_body_response(text))
    except (OAuth2Error, ValueError, Warning):
        raise SignOnFailed(
            gettext("%(oidc_name)s did not accept this sign-in. Begin anew.")
            % {"oidc_name": settings.OIDC_NAME}
        ) from None


def _proved(token: str, *, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token (OpenID Connect Core, 3.1.3.7)."""
    try:
        keys = jwt.PyJWKSet.from_dict(_object(_read(_endpoint("jwks_uri"))))
        kid = jwt.get_unverified_header(token).get("kid")
        found = [key for key in keys.keys if kid is None or key.key_id == kid]
        if len(found) != 1:
            raise SignOnFailed(gettext("The ID token names no key of the provider's."))
        claims = jwt.decode(
            token,
            found[0],
            algorithms=ALGORITHMS,
            audience=settings.OIDC_CLIENT_ID,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError:
        raise SignOnFailed(
            gettext(
                "What %(oidc_name)s said could not be proved. Begin anew, and tell an "
                "administrator when it happens again."
            )
            % {"oidc_name": settings.OIDC_NAME}
        ) from None
    # Made for several, it must name the one it was given to.
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    given_to = claims.get("azp", "" if several else settings.OIDC_CLIENT_ID)
    if given_to != settings.OIDC_CLIENT_ID or not constant_time_compare(
        str(claims.get("nonce", "")), nonce
    ):
        raise SignOnFailed(
            gettext("The answer belongs to another sign-in. Begin anew.")
        )
    return dict(claims)


def _told_more(claims: dict[str, Any], access_token: str) -> dict[str, Any]:
    """Add what the provider tells only when asked: some put no address in ID tokens."""
    wanted = {"email", settings.OIDC_GROUPS_CLAIM} - {""}
    if wanted <= set(claims) or not access_token:
        return claims
    if not _described().get("userinfo_endpoint"):
        return claims
    bearer = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    more = _object(_read(_endpoint("userinfo_endpoint"), headers=bearer))
    if more.get("sub") != claims["sub"]:
        raise SignOnFailed(gettext("The provider spoke of somebody else. Begin anew."))
    return more | claims


def _described() -> dict[str, Any]:
    """Return the provider's description of itself (OpenID Connect Discovery)."""
    cache, key = caches["local"], f"oidc:{settings.OIDC_ISSUER}"
    known: dict[str, Any] | None = cache.get(key)
    if known is not None:
        return known
    path = "/.well-known/openid-configuration"
    told = _object(_read(settings.OIDC_ISSUER.rstrip("/") + path))
    if told.get("issuer") != settings.OIDC_ISSUER:
        raise ProviderDown(
            gettext(
                "%(oidc_name)s calls itself by another address than OIDC_ISSUER. Tell an "
                "administrator."
            )
            % {"oidc_name": settings.OIDC_NAME}
        )
    cache.set(key, told, KEPT)
    return told


def _endpoint(name: str) -> str:
    """Return one of its addresses, which is https wherever the issuer is."""
    address = str(_described().get(name, ""))
    scheme = urlsplit(settings.OIDC_ISSUER).scheme
    if urlsplit(address).scheme not in {"https", scheme}:
        raise ProviderDown(
            gettext("%(oidc_name)s names no %(name)s that may be used.")
            % {"oidc_name": settings.OIDC_NAME, "name": name}
        )
    return address


def _read(
    url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> str:
    try:
        answer = fetch(
            "POST" if content is not None else "GET",
            url,
            # An administrator of this machine wrote the issuer; it may stand inside.
            reach=Reach.CONFIGURED,
            seconds=SECONDS,
            headers=headers,
            content=content,
            limit=LIMIT,
        )
    except OutboundError as error:
        raise ProviderDown(
            gettext(
                "%(oidc_name)s cannot be reached, so you cannot sign in by it now: %(error)s"
            )
            % {"oidc_name": settings.OIDC_NAME, "error": error}
        ) from None
    # A refusal of a code is 400, with words for us alone.
    if answer.is_cut or answer.status not in {200, 400, 401}:
        raise ProviderDown(
            gettext("%(oidc_name)s answered %(status)s. Try again later.")
            % {"oidc_name": settings.OIDC_NAME, "status": answer.status}
        )
    return answer.content.decode("utf-8", "replace")


def _object(text: str) -> dict[str, Any]:
    try:
        return read_object(text, is_exact=False)
    except NotStrict:
        raise ProviderDown(
            gettext("%(oidc_name)s answered no JSON.")
            % {"oidc_name": settings.OIDC_NAME}
        ) from None


def _client() -> WebApplicationClient:
    return WebApplicationClient(settings.OIDC_CLIENT_ID)


def _redirect_uri() -> str:
    return settings.PUBLIC_URL + reverse("web:sso_callback")
