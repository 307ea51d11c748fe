"""basic-auth: https://apisix.apache.org/docs/apisix/plugins/basic-auth/"""

from gateway.recipes.callers import GROUP, tell_of_others
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Work
from gateway.recipes.settings import Settings, flag


def make(settings: Settings, work: Work) -> None:
    work.plugin("basic-auth", {"hide_credentials": settings["hide_password"]})
    tell_of_others(work, "basic-auth")
    work.sets("Callers must send a name and a password (HTTP Basic); others get 401.")
    if settings["hide_password"]:
        work.sets("The server behind the gateway does not see the password.")
    work.then(
        "Create a consumer with a basic-auth credential for each caller before this goes "
        "live, and let them call by https only: the password is sent with each request."
    )


RECIPE = Recipe(
    name="require-password",
    title="Require a password",
    description="Only callers with name and password of a consumer get through.",
    group=GROUP,
    plugins=("basic-auth",),
    properties={
        "hide_password": flag(
            "Hide the password from the server",
            "The gateway takes it out of the request before it passes it on.",
            default=True,
        ),
    },
    make=make,
    example={},
)
