"""What programs read before they begin: who lets them in, and how."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.models import Scope

AUTHENTICATION = ["none", "client_secret_basic", "client_secret_post"]


def _at(name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(f'oauth:{name}')}"


def _document(content: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(content)
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def authorization_server(request: HttpRequest) -> JsonResponse:
    """RFC 8414."""
    content = {
        "issuer": settings.PUBLIC_URL,
        "authorization_endpoint": _at("authorize"),
        "token_endpoint": _at("token"),
        "revocation_endpoint": _at("revoke"),
        "scopes_supported": Scope.values,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": settings.OAUTH_CLIENT_DOCUMENTS,
        "service_documentation": f"{settings.PUBLIC_URL}/api/docs",
        "op_policy_uri": f"{settings.PUBLIC_URL}/legal",
    }
    if settings.OAUTH_REGISTRATION:
        content["registration_endpoint"] = _at("register")
    return _document(content)


@require_safe
def protected_resource(request: HttpRequest, part: str = "") -> JsonResponse:
    """RFC 9728, of the desk as a whole or of a part such as "/mcp"."""
    return _document(
        {
            "resource": f"{settings.PUBLIC_URL}{part}",
            "resource_name": "Gatehouse",
            "authorization_servers": [settings.PUBLIC_URL],
            "scopes_supported": Scope.values,
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{settings.PUBLIC_URL}/api/docs",
            "resource_policy_uri": f"{settings.PUBLIC_URL}/legal",
        }
    )
