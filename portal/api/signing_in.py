"""How one signs in to the API, for its documents."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from portal.accounts.models import Scope
from portal.wire.schema import Document

SECURITY = "token"


class TokenScheme(OpenApiAuthenticationExtension):
    """Describe how one signs in to the API."""

    target_class = "portal.api.auth.BearerToken"
    name = SECURITY

    def get_security_definition(self, auto_schema: Any) -> Document:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token, made in the portal under /tokens/.",
        }


def oauth_scheme(public_url: str) -> Document:
    """Describe how a program is let in by its person, as OpenAPI has it."""
    return {
        "type": "oauth2",
        "description": "Authorization code with PKCE (S256).",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{public_url}/o/authorize/",
                "tokenUrl": f"{public_url}/o/token/",
                "refreshUrl": f"{public_url}/o/token/",
                "scopes": {scope.value: str(scope.label) for scope in Scope},
            }
        },
    }
