"""Callers are found by what they bring, and refused in APISIX's words."""

import base64
import time
from typing import Any

import jwt
import pytest

from tests.gateway.sandbox.proxy.plane import Plane

# Long enough for every algorithm, so that the library signs without a warning.
SECRET = "a secret, " * 8


def basic(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({"key": "jack-key", **claims}, secret, algorithm)


class TestKeyAuth:
    @pytest.fixture(autouse=True)
    def _protected(self, plane: Plane) -> None:
        plane.plugin("key-auth")
        plane.consumer("jack", plugins={"key-auth": {"key": "jack-key"}})

    def test_missing_key_is_refused(self, plane: Plane) -> None:
        answer = plane.get()
        assert answer.status_code == 401
        assert answer.text == '{"message":"Missing API key found in request"}\n'
        assert answer.headers["www-authenticate"] == 'apikey realm="key"'
        assert plane.echo.seen == []

    def test_wrong_key_is_refused(self, plane: Plane) -> None:
        answer = plane.get(headers={"apikey": "wrong"})
        assert answer.status_code == 401
        assert answer.json() == {"message": "Invalid API key in request"}

    def test_right_key_is_let_in_and_the_upstream_learns_who(
        self, plane: Plane
    ) -> None:
        answer = plane.get(
            headers={"apikey": "jack-key", "X-Credential-Identifier": "forged"}
        )
        assert answer.status_code == 200
        headers = answer.json()["headers"]
        assert headers["x-consumer-username"] == "jack"
        assert "x-credential-identifier" not in headers
        assert headers["apikey"] == "jack-key"

    def test_key_in_the_query_counts_too(self, plane: Plane) -> None:
        answer = plane.get("/hello?apikey=jack-key&x=1")
        assert answer.json()["target"] == "/hello?apikey=jack-key&x=1"

    def test_hidden_credentials_do_not_reach_the_upstream(self, plane: Plane) -> None:
        plane.plugin("key-auth", {"hide_credentials": True})
        assert plane.get("/hello?apikey=jack-key&x=1").json()["target"] == "/hello?x=1"
        sent = plane.get(headers={"apikey": "jack-key"}).json()
        assert "apikey" not in sent["headers"]

    def test_header_and_query_may_have_other_names(self, plane: Plane) -> None:
        conf = {"header": "X-Key", "query": "k", "realm": "desk"}
        plane.plugin("key-auth", conf)
        assert plane.get(headers={"X-Key": "jack-key"}).status_code == 200
        assert plane.get("/hello?k=jack-key").status_code == 200
        answer = plane.get(headers={"apikey": "jack-key"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'apikey realm="desk"'

    def test_key_of_a_credential_names_consumer_and_credential(
        self, plane: Plane
    ) -> None:
        plane.consumer("anne", labels={"custom_id": "42"})
        credential = {"plugins": {"key-auth": {"key": "anne-key"}}}
        plane.put("credential", "anne/credentials/c1", credential)
        headers = plane.get(headers={"apikey": "anne-key"}).json()["headers"]
        assert headers["x-consumer-username"] == "anne"
        assert headers["x-credential-identifier"] == "c1"
        assert headers["x-consumer-custom-id"] == "42"

    def test_deleted_consumer_is_refused(self, plane: Plane) -> None:
        plane.store.delete("consumer", "jack")
        assert plane.get(headers={"apikey": "jack-key"}).status_code == 401

    def test_anonymous_consumer_is_who_brings_nothing(self, plane: Plane) -> None:
        plane.consumer("nobody", plugins={})
        plane.plugin("key-auth", {"anonymous_consumer": "nobody"})
        headers = plane.get().json()["headers"]
        assert headers["x-consumer-username"] == "nobody"
        plane.plugin("key-auth", {"anonymous_consumer": "missing"})
        answer = plane.get()
        assert answer.status_code == 401
        assert answer.json() == {"message": "Invalid user authorization"}


class TestBasicAuth:
    @pytest.fixture(autouse=True)
    def _protected(self, plane: Plane) -> None:
        plane.plugin("basic-auth")
        login = {"username": "foo", "password": "bar"}
        plane.consumer("foo", plugins={"basic-auth": login})

    @pytest.mark.parametrize(
        ("headers", "message"),
        [
            ({}, "Missing authorization in request"),
            ({"Authorization": "Bearer abc"}, "Invalid authorization in request"),
            ({"Authorization": "Basic !!!"}, "Invalid authorization in request"),
            ({"Authorization": "Basic Zm9v"}, "Invalid authorization in request"),
            (basic("nobody", "bar"), "Invalid user authorization"),
            (basic("foo", "wrong"), "Invalid user authorization"),
        ],
    )
    def test_refusals(
        self, plane: Plane, headers: dict[str, str], message: str
    ) -> None:
        answer = plane.get(headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"message": message}
        assert answer.headers["www-authenticate"] == 'Basic realm="basic"'
        assert plane.echo.seen == []

    def test_right_password_is_let_in(self, plane: Plane) -> None:
        sent = plane.get(headers=basic("foo", "bar")).json()
        assert sent["headers"]["x-consumer-username"] == "foo"
        assert "authorization" in sent["headers"]

    def test_hidden_credentials_do_not_reach_the_upstream(self, plane: Plane) -> None:
        plane.plugin("basic-auth", {"hide_credentials": True})
        sent = plane.get(headers=basic("foo", "bar")).json()
        assert "authorization" not in sent["headers"]


class TestJWTAuth:
    @pytest.fixture(autouse=True)
    def _protected(self, plane: Plane) -> None:
        plane.plugin("jwt-auth")
        self.credential(plane)

    def credential(self, plane: Plane, **fields: Any) -> None:
        conf = {"key": "jack-key", "secret": SECRET, **fields}
        plane.consumer("jack", plugins={"jwt-auth": conf})

    @pytest.mark.parametrize(
        ("headers", "message"),
        [
            ({}, "Missing JWT token in request"),
            ({"Authorization": "Bearer abc"}, "JWT token invalid"),
            (
                {"Authorization": jwt.encode({"sub": "x"}, SECRET)},
                "missing user key in JWT token",
            ),
            ({"Authorization": token(key="other")}, "Invalid user key in JWT token"),
            ({"Authorization": token(SECRET + "!")}, "failed to verify jwt"),
            ({"Authorization": token(algorithm="HS384")}, "failed to verify jwt"),
            ({"Authorization": token(exp=1)}, "failed to verify jwt"),
            ({"Authorization": token(nbf=4_000_000_000)}, "failed to verify jwt"),
        ],
    )
    def test_refusals(
        self, plane: Plane, headers: dict[str, str], message: str
    ) -> None:
        answer = plane.get(headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"message": message}
        assert answer.headers["www-authenticate"] == 'Bearer realm="jwt"'
        assert plane.echo.seen == []

    def test_unsigned_token_is_refused(self, plane: Plane) -> None:
        unsigned = jwt.encode({"key": "jack-key"}, None, "none")
        answer = plane.get(headers={"Authorization": unsigned})
        assert answer.json() == {"message": "failed to verify jwt"}

    @pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", ""])
    def test_token_in_the_header_is_let_in(self, plane: Plane, prefix: str) -> None:
        sent = plane.get(headers={"Authorization": prefix + token()}).json()
        assert sent["headers"]["x-consumer-username"] == "jack"

    def test_token_in_query_or_cookie_is_let_in_and_hidden(self, plane: Plane) -> None:
        plane.plugin("jwt-auth", {"hide_credentials": True})
        sent = plane.get(f"/hello?jwt={token()}&x=1").json()
        assert sent["target"] == "/hello?x=1"
        cookies = {"Cookie": f"jwt={token()}; theme=dark"}
        assert plane.get(headers=cookies).json()["headers"]["cookie"] == "theme=dark"
        only = {"Cookie": f"jwt={token()}"}
        assert "cookie" not in plane.get(headers=only).json()["headers"]
        header = {"Authorization": token()}
        assert "authorization" not in plane.get(headers=header).json()["headers"]

    def test_grace_period_lets_a_late_token_in(self, plane: Plane) -> None:
        late = {"Authorization": token(exp=int(time.time()) - 60)}
        assert plane.get(headers=late).status_code == 401
        self.credential(plane, lifetime_grace_period=3600)
        assert plane.get(headers=late).status_code == 200

    def test_only_the_claims_asked_for_are_verified(self, plane: Plane) -> None:
        plane.plugin("jwt-auth", {"claims_to_verify": ["nbf"]})
        assert plane.get(headers={"Authorization": token(exp=1)}).status_code == 200

    def test_other_algorithms_and_encoded_secrets(self, plane: Plane) -> None:
        self.credential(plane, algorithm="HS512")
        signed = token(algorithm="HS512")
        assert plane.get(headers={"Authorization": signed}).status_code == 200
        encoded = base64.b64encode(SECRET.encode()).decode()
        self.credential(plane, secret=encoded, base64_secret=True)
        assert plane.get(headers={"Authorization": token()}).status_code == 200

    def test_short_secret_works_as_it_does_in_the_gateway(self, plane: Plane) -> None:
        self.credential(plane, secret="short")
        # Signed by hand: the library would rather not.
        signed = jwt.PyJWS()
        head = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT"}')
        body = jwt.utils.base64url_encode(b'{"key":"jack-key"}')
        mark = signed.get_algorithm_by_name("HS256").sign(head + b"." + body, b"short")
        text = b".".join([head, body, jwt.utils.base64url_encode(mark)]).decode()
        assert plane.get(headers={"Authorization": text}).status_code == 200

    def test_another_claim_may_hold_the_key(self, plane: Plane) -> None:
        plane.plugin("jwt-auth", {"key_claim_name": "iss"})
        signed = jwt.encode({"iss": "jack-key"}, SECRET)
        assert plane.get(headers={"Authorization": signed}).status_code == 200
