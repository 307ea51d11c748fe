"""proxy-mirror: https://apisix.apache.org/docs/apisix/plugins/proxy-mirror/"""

from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Work
from gateway.recipes.settings import Settings, text, whole
from gateway.recipes.versions import GROUP


def make(settings: Settings, work: Work) -> None:
    url, share = settings["url"].removesuffix("/"), settings["share"]
    work.plugin(
        "proxy-mirror",
        {"host": url, "sample_ratio": 1 if share == 100 else share / 100},
    )
    which = "every request" if share == 100 else f"{share} % of the requests"
    work.sets(f"A copy of {which} is sent to {url}; what it answers is thrown away.")
    work.then(
        "That server gets headers, keys and bodies as callers sent them, and must not do "
        "anything twice that counts: orders, mails."
    )


RECIPE = Recipe(
    name="mirror-traffic",
    title="Mirror traffic",
    description="Another server gets a copy of the requests, to try it with real ones.",
    group=GROUP,
    plugins=("proxy-mirror",),
    properties={
        "url": text(
            "Goes to",
            "Scheme, host and port.",
            example="http://10.0.0.9:8080",
            # As the plugin takes it.
            pattern=r"^https?://([0-9a-zA-Z.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?/?$",
        ),
        "share": whole(
            "Share in percent",
            "How many of a hundred requests are copied.",
            least=1,
            most=100,
            default=100,
        ),
    },
    required=("url",),
    make=make,
    example={"url": "http://10.0.0.9:8080", "share": 10},
)
