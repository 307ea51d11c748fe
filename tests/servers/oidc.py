"""A provider of single sign-on: real HTTP, real signatures, told what to say and break.

The parts of OpenID Connect Core and Discovery that a client meets, and no more.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "gatehouse", "not:so secret"


class Provider:
    """Its address, what it says of whoever comes, and how it misbehaves."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.claims: dict[str, Any] = {"sub": "248289761001"}
        # What replaces claims of the ID token that are right; whose key signs it.
        self.wrong: dict[str, Any] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signs_with: Any = self.key
        self.algorithm = "RS256"
        self.userinfo: dict[str, Any] | None = None
        self._codes: dict[str, dict[str, str]] = {}

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }

    def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [key | {"kid": "one", "use": "sig", "alg": "RS256"}]}

    def let_in(self, asked: dict[str, str]) -> str:
        """Return where whoever agreed is sent: back, with a code."""
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def tokens(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code, once; None for what a provider refuses."""
        name, _, secret = (
            base64.b64decode(authorization.removeprefix("Basic "))
            .decode()
            .partition(":")
        )
        asked = self._codes.pop(sent.get("code", ""), None)
        verifier = sent.get("code_verifier", "").encode()
        digest = hashlib.sha256(verifier).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            (unquote(name), unquote(secret)) != (CLIENT, SECRET)
            or asked is None
            or asked["redirect_uri"] != sent["redirect_uri"]
            or asked["code_challenge"] != challenge
        ):
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        if "max_age" in asked:
            claims["auth_time"] = now
        said = claims | self.claims | self.wrong
        token = jwt.encode(
            said, self.signs_with, algorithm=self.algorithm, headers={"kid": "one"}
        )
        return {"access_token": "at", "token_type": "Bearer", "id_token": token}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            if path == "/.well-known/openid-configuration":
                self._json(200, provider.description())
            elif path == "/keys":
                self._json(200, provider.keys())
            elif path == "/userinfo":
                assert self.headers["Authorization"] == "Bearer at"
                self._json(200, provider.userinfo or {"sub": provider.claims["sub"]})
            elif path == "/authorize":
                self._page(
                    "<!doctype html><title>Provider</title><form method=post "
                    f'action="/authorize?{escape(query)}"><button>I agree</button></form>'
                )
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.let_in(_flat(query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            tokens = provider.tokens(_flat(body), self.headers["Authorization"] or "")
            self._json(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def _json(self, status: int, value: Any) -> None:
            self._send(status, "application/json", json.dumps(value).encode())

        def _page(self, text: str) -> None:
            self._send(200, "text/html", text.encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve one on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    made = Provider(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(made)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
