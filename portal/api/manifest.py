"""The plugin manifest of 2023, which several runtimes still ask for.

Limits of its fields: name_for_model 50 (letters, digits), name_for_human 20,
description_for_human 100, description_for_model 8,000.
"""

from typing import Any

from django.conf import settings

from portal.accounts.models import Scope
from portal.wire.operations import WORDS_FOR_MODELS


def _auth() -> dict[str, Any]:
    """Say how a program signs in: with a pasted token, or by being let in."""
    if settings.PLUGIN_AUTH == "user_http":
        return {"type": "user_http", "authorization_type": "bearer"}
    return {
        "type": "oauth",
        # As it was in 2023: where the person is sent, then where the code is exchanged.
        "client_url": f"{settings.PUBLIC_URL}/o/authorize/",
        "authorization_url": f"{settings.PUBLIC_URL}/o/token/",
        "authorization_content_type": "application/x-www-form-urlencoded",
        "scope": " ".join(Scope.values),
        "verification_tokens": settings.PLUGIN_VERIFICATION_TOKENS,
    }


def manifest() -> dict[str, Any]:
    """Return what `/.well-known/ai-plugin.json` says."""
    return {
        "schema_version": "v1",
        "name_for_model": "gatehouse",
        "name_for_human": "Gatehouse",
        "description_for_model": WORDS_FOR_MODELS,
        "description_for_human": "See your API gateway's routes and ask for changes that people "
        "review.",
        "auth": _auth(),
        "api": {
            "type": "openapi",
            "url": f"{settings.PUBLIC_URL}/openapi.yaml",
            "is_user_authenticated": True,
        },
        "logo_url": f"{settings.PUBLIC_URL}/logo.png",
        "contact_email": settings.CONTACT_EMAIL,
        "legal_info_url": f"{settings.PUBLIC_URL}/legal",
    }
