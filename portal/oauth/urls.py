"""Addresses of the OAuth 2.0 server, and of what describes it."""

from django.urls import path

from portal.callers import RESOURCE_METADATA
from portal.oauth import endpoints, metadata
from portal.oauth.consent import authorize

app_name = "oauth"

RESOURCE = RESOURCE_METADATA.removeprefix("/")

urlpatterns = [
    path("o/authorize/", authorize, name="authorize"),
    path("o/token/", endpoints.token, name="token"),
    path("o/revoke/", endpoints.revoke, name="revoke"),
    path("o/register/", endpoints.register, name="register"),
    path(".well-known/oauth-authorization-server", metadata.authorization_server),
    path(RESOURCE, metadata.protected_resource),
    path(f"{RESOURCE}/mcp", metadata.protected_resource, {"part": "/mcp"}),
]
