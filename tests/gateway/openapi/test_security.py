"""What a document asks of its callers becomes plugins, or is told to become none."""

from typing import Any

import pytest

from gateway.openapi.errors import OpenAPIError
from gateway.openapi.security import OIDC, plugins_for

HEADER = {"type": "apiKey", "in": "header", "name": "X-Key"}
SCHEMES: dict[str, dict[str, Any]] = {
    "basic": {"type": "http", "scheme": "Basic"},
    "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "jwt"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "digest": {"type": "http", "scheme": "digest"},
    "header": HEADER,
    "other": HEADER | {"name": "X-Other"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
    "oauth": {"type": "oauth2", "flows": {}},
    "tls": {"type": "mutualTLS"},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example.com/o"},
    "whole": {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://id.example.com/o",
        OIDC: {"client_id": "a", "client_secret": "$secret://vault/1/a"},
    },
}
BASIC, JWT = {"basic-auth": {}}, {"jwt-auth": {}}


def ways(*names: str) -> list[dict[str, list[str]]]:
    """Return alternatives; one whose name holds `+` asks for several at once."""
    return [{part: [] for part in name.split("+") if part} for name in names]


@pytest.mark.parametrize(
    ("requirement", "plugins"),
    [
        (ways(), {}),
        (ways("basic"), BASIC),
        (ways("jwt"), JWT),
        (ways("header"), {"key-auth": {"header": "X-Key"}}),
        (ways("query"), {"key-auth": {"query": "key"}}),
        (ways("header", "query"), {"key-auth": {"header": "X-Key", "query": "key"}}),
        (ways("basic+jwt"), BASIC | JWT),
        (ways("basic", "jwt"), {"multi-auth": {"auth_plugins": [BASIC, JWT]}}),
        (ways("basic", "basic"), BASIC),
        (ways("basic", "oauth"), BASIC),
        (ways("basic+oauth", "jwt"), JWT),
        (ways("basic", ""), {}),
        (ways("oauth"), {}),
        (
            ways("header", "other"),
            {
                "multi-auth": {
                    "auth_plugins": [
                        {"key-auth": {"header": "X-Key"}},
                        {"key-auth": {"header": "X-Other"}},
                    ]
                }
            },
        ),
        (
            ways("whole"),
            {
                "openid-connect": {
                    "discovery": "https://id.example.com/o",
                    "bearer_only": True,
                    "client_id": "a",
                    "client_secret": "$secret://vault/1/a",
                }
            },
        ),
    ],
)
def test_a_requirement_becomes_plugins(requirement: Any, plugins: Any) -> None:
    assert plugins_for(requirement, SCHEMES).plugins == plugins


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("oauth", "oauth2 is not enforced"),
        ("tls", "mutualTLS is not enforced"),
        ("oidc", OIDC),
        ("bearer", "if bearerFormat is JWT"),
        ("digest", "http digest is not enforced"),
        ("cookie", "an API key in a cookie is not enforced"),
    ],
)
def test_what_is_not_enforced_is_told(name: str, words: str) -> None:
    asked = plugins_for(ways(name), SCHEMES)

    assert asked.plugins == {}
    assert words in asked.remarks[0]


def test_what_is_optional_is_told_to_be() -> None:
    assert "optional" in plugins_for(ways("", "basic"), SCHEMES).remarks[0]


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(OpenAPIError, match="no security scheme"):
        plugins_for(ways("nobody"), SCHEMES)
