"""jwt-auth: https://apisix.apache.org/docs/apisix/plugins/jwt-auth/"""

from gateway.recipes.callers import GROUP, tell_of_others
from gateway.recipes.recipe import Recipe
from gateway.recipes.require_key import NAME
from gateway.recipes.route import Work
from gateway.recipes.settings import Settings, flag, text


def make(settings: Settings, work: Work) -> None:
    header, claim = settings["header"], settings["claim"]
    work.plugin(
        "jwt-auth",
        {
            "header": header,
            "key_claim_name": claim,
            "hide_credentials": settings["hide_token"],
        },
    )
    tell_of_others(work, "jwt-auth")
    work.sets(
        f"Callers must send a signed token (JWT) in the header {header}; all others get "
        "401."
    )
    work.sets(
        f"The token's claim {claim} names the credential that it is checked with; a "
        "token that is past its exp gets 401 as well."
    )
    if settings["hide_token"]:
        work.sets("The server behind the gateway does not see the token.")
    work.then(
        "Create a consumer with a jwt-auth credential for each caller before this goes "
        f"live: its key is what the claim {claim} says, with a secret or public key."
    )


RECIPE = Recipe(
    name="require-jwt",
    title="Require a signed token",
    description="Only callers with a JSON Web Token of a consumer get through.",
    group=GROUP,
    plugins=("jwt-auth",),
    properties={
        "header": text(
            "Header",
            "The header that holds the token, with or without Bearer.",
            default="authorization",
            example="authorization",
            pattern=NAME,
        ),
        "claim": text(
            "Claim",
            "The claim of the token that names whose it is.",
            default="key",
            example="sub",
        ),
        "hide_token": flag(
            "Hide the token from the server",
            "Leave it off where the server reads the token's claims itself.",
            default=False,
        ),
    },
    make=make,
    example={"claim": "sub"},
)
