"""The plugin manifest of 2023, which several runtimes still ask for.

Limits of its fields: name_for_model 50 (letters, digits), name_for_human 20,
description_for_human 100, description_for_model 8,000.
"""

from typing import Any

from django.conf import settings

from portal.wire.operations import WORDS_FOR_MODELS


def manifest() -> dict[str, Any]:
    """Return what `/.well-known/ai-plugin.json` says."""
    return {
        "schema_version": "v1",
        "name_for_model": "gatehouse",
        "name_for_human": "Gatehouse",
        "description_for_model": WORDS_FOR_MODELS,
        "description_for_human": "See your API gateway's routes and ask for changes that people "
        "review.",
        "auth": {"type": "user_http", "authorization_type": "bearer"},
        "api": {
            "type": "openapi",
            "url": f"{settings.PUBLIC_URL}/openapi.yaml",
            "is_user_authenticated": True,
        },
        "logo_url": f"{settings.PUBLIC_URL}/logo.png",
        "contact_email": settings.CONTACT_EMAIL,
        "legal_info_url": f"{settings.PUBLIC_URL}/legal",
    }
