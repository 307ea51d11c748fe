"""jwt-auth: https://apisix.apache.org/docs/apisix/plugins/jwt-auth/"""

import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from gateway.sandbox.exchange import Consumer, Exchange
from gateway.sandbox.plugins.auth import AuthPlugin, Refusal
from gateway.sandbox.plugins.base import Use

_VERIFIED_CLAIMS = ("exp", "nbf")


class _AnyLength(HMACAlgorithm):
    """HMAC with keys as short as people give their gateways."""

    def check_key_length(self, key: bytes) -> str | None:
        """Find nothing wrong: a stand-in must let in whom APISIX lets in."""
        return None


_SIGNATURES = jwt.PyJWS()
for _name, _hash in (
    ("HS256", HMACAlgorithm.SHA256),
    ("HS384", HMACAlgorithm.SHA384),
    ("HS512", HMACAlgorithm.SHA512),
):
    _SIGNATURES.unregister_algorithm(_name)
    _SIGNATURES.register_algorithm(_name, _AnyLength(_hash))


class JWTAuth(AuthPlugin):
    """Ask for a signed token in a header, a query argument or a cookie."""

    name = "jwt-auth"
    priority = 2510
    challenge = 'Bearer realm="{realm}"'
    default_realm = "jwt"

    async def identify(self, use: Use, exchange: Exchange) -> Consumer | Refusal:
        """Find the consumer that the token names and verify it with their secret."""
        token = _take_token(use.conf, exchange)
        if token is None:
            return Refusal("Missing JWT token in request")
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return Refusal("JWT token invalid")
        key = claims.get(use.conf.get("key_claim_name", "key"))
        if key is None:
            return Refusal("missing user key in JWT token")
        found = use.directory.consumer_by(self.name, "key", str(key))
        if found is None:
            return Refusal("Invalid user key in JWT token")
        consumer, credential = found
        if not (
            _is_signed(token, credential) and _is_in_time(claims, credential, use.conf)
        ):
            return Refusal("failed to verify jwt")
        return consumer


def _take_token(conf: Mapping[str, Any], exchange: Exchange) -> str | None:
    hide = conf.get("hide_credentials")
    header = conf.get("header", "authorization")
    token = exchange.headers.get(header)
    if token is not None:
        if hide:
            del exchange.headers[header]
        return token[7:] if token[:7] in ("Bearer ", "bearer ") else token
    query = conf.get("query", "jwt")
    argument = exchange.argument(query)
    if isinstance(argument, str):
        if hide:
            exchange.drop_argument(query)
        return argument
    cookie = conf.get("cookie", "jwt")
    value = exchange.request.cookies.get(cookie)
    if value is not None and hide:
        _drop_cookie(exchange, cookie)
    return value


def _drop_cookie(exchange: Exchange, name: str) -> None:
    kept = [
        f"{other}={value}"
        for other, value in exchange.request.cookies.items()
        if other != name
    ]
    if kept:
        exchange.headers["cookie"] = "; ".join(kept)
    else:
        del exchange.headers["cookie"]


def _is_signed(token: str, credential: Mapping[str, Any]) -> bool:
    algorithm = credential.get("algorithm", "HS256")
    try:
        key = _verification_key(credential, algorithm)
        _SIGNATURES.decode(token, key, algorithms=[algorithm])
    except (jwt.PyJWTError, binascii.Error, ValueError):
        return False
    return True


def _is_in_time(
    claims: Mapping[str, Any], credential: Mapping[str, Any], conf: Mapping[str, Any]
) -> bool:
    """Look at `exp` and `nbf` where the token has them; at no other claim."""
    grace = credential.get("lifetime_grace_period", 0)
    wanted = conf.get("claims_to_verify") or _VERIFIED_CLAIMS
    now = time.time()
    for name in wanted:
        moment = claims.get(name)
        if moment is None:
            continue
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            return False
        if now - grace >= moment if name == "exp" else now + grace < moment:
            return False
    return True


def _verification_key(credential: Mapping[str, Any], algorithm: str) -> str | bytes:
    if not algorithm.startswith("HS"):
        return str(credential.get("public_key", ""))
    secret = str(credential.get("secret", ""))
    if not secret:
        raise ValueError("The credential has no secret.")
    return base64.b64decode(secret) if credential.get("base64_secret") else secret
