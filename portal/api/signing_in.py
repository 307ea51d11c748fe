"""How one signs in to the API, for its documents."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

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
