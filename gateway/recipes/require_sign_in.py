"""openid-connect: https://apisix.apache.org/docs/apisix/plugins/openid-connect/"""

from gateway.recipes.callers import GROUP, tell_of_others
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import (
    Settings,
    WrongSettings,
    choice,
    secret,
    several,
    text,
)

URL = r"^https?://[^\s/?#@]+(/[^\s#]*)?$"


def make(settings: Settings, work: Work) -> None:
    before = work.settings_of("openid-connect")
    signs_in = settings["callers"] == "people"
    patch: Document = {
        "discovery": settings["discovery"],
        "client_id": settings["client_id"],
        "bearer_only": not signs_in,
        "scope": settings["scope"],
        "ssl_verify": True,
    }
    if "client_secret" in settings:
        patch["client_secret"] = settings["client_secret"]
    if settings.get("required_scopes"):
        patch["required_scopes"] = settings["required_scopes"]
    if signs_in:
        patch |= _session(settings, before)
        work.sets(
            "People without a session are sent to sign in at the provider, and come back."
        )
        work.then(
            "Register the address of the route followed by /.apisix/redirect at the "
            "provider as where people come back to."
        )
    else:
        # Else each request would ask the provider.
        patch["use_jwks"] = True
        work.sets(
            "Programs must send a token of the provider as Authorization: Bearer; it is "
            "checked with the provider's public keys, and others get 401."
        )
        work.then("Give the callers tokens of the provider.")
    work.plugin("openid-connect", patch)
    tell_of_others(work, "openid-connect")
    if settings.get("required_scopes"):
        work.sets(f"A token must have {', '.join(settings['required_scopes'])}.")
    work.then("The gateway must reach the discovery address from where it runs.")


def _session(settings: Settings, before: Document) -> Document:
    """Return what keeps people signed in. Raises WrongSettings."""
    session = before.get("session")
    is_set = isinstance(session, dict) and session.get("secret")
    missing = []
    if "client_secret" not in settings and not before.get("client_secret"):
        missing.append(
            ("client_secret", "It is missing. The provider asks for it to sign in.")
        )
    if "session_secret" not in settings and not is_set:
        missing.append(
            ("session_secret", "It is missing. People's sessions are sealed with it.")
        )
    if missing:
        raise WrongSettings(*missing)
    if "session_secret" not in settings:
        return {}
    return {"session": {"secret": settings["session_secret"]}}


RECIPE = Recipe(
    name="require-sign-in",
    title="Require a sign-in (OpenID Connect)",
    description="Only callers known to an identity provider such as Keycloak get through.",
    group=GROUP,
    plugins=("openid-connect",),
    properties={
        "discovery": text(
            "Discovery address",
            "The provider's address that ends in .well-known/openid-configuration.",
            example="https://login.example.com/.well-known/openid-configuration",
            pattern=URL,
        ),
        "client_id": text(
            "Client id", "How the provider knows the gateway.", example="gateway"
        ),
        "client_secret": secret(
            "Client secret", "What the gateway proves itself to the provider with."
        ),
        "callers": choice(
            "Who calls",
            "Programs bring a token; people are sent to sign in.",
            {"programs": "Programs with a token", "people": "People in a browser"},
            default="programs",
        ),
        "session_secret": secret(
            "Session secret",
            "For people: seals their sessions; at least 16 characters.",
            minLength=16,
        ),
        "scope": text(
            "Scope",
            "What is asked of the provider.",
            default="openid",
            example="openid",
        ),
        "required_scopes": several(
            "Required scopes",
            "Scopes that a token must have.",
            text("Scope", "One scope.", pattern=r"^\S+$"),
            examples=[["orders:read"]],
        ),
    },
    required=("discovery", "client_id"),
    make=make,
    example={
        "discovery": "https://login.example.com/.well-known/openid-configuration",
        "client_id": "gateway",
        "client_secret": "$secret://vault/1/oidc",
    },
)
