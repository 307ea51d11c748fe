"""key-auth: https://apisix.apache.org/docs/apisix/plugins/key-auth/"""

from gateway.recipes.callers import GROUP, tell_of_others
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Work
from gateway.recipes.settings import Settings, flag, text

NAME = r"^[A-Za-z0-9_-]+$"


def make(settings: Settings, work: Work) -> None:
    header, query = settings["header"], settings["query"]
    work.plugin(
        "key-auth",
        {
            "header": header,
            "query": query,
            "hide_credentials": settings["hide_key"],
        },
    )
    tell_of_others(work, "key-auth")
    work.sets(
        f"Callers must send a key in the header {header} or as ?{query}=; all others "
        "get 401."
    )
    if settings["hide_key"]:
        work.sets("The server behind the gateway does not see the key.")
    work.then(
        "Create a consumer with a key-auth credential for each caller before this goes "
        "live, and give them their keys."
    )


RECIPE = Recipe(
    name="require-key",
    title="Require a key",
    description="Only callers who send the API key of a consumer get through.",
    group=GROUP,
    plugins=("key-auth",),
    properties={
        "header": text(
            "Header",
            "The header that holds the key.",
            default="apikey",
            example="X-API-Key",
            pattern=NAME,
        ),
        "query": text(
            "Query argument",
            "The argument that may hold the key instead.",
            default="apikey",
            example="apikey",
            pattern=NAME,
        ),
        "hide_key": flag(
            "Hide the key from the server",
            "The gateway takes the key out of the request before it passes it on.",
            default=True,
        ),
    },
    make=make,
    example={"header": "X-API-Key"},
)
