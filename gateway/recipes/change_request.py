"""proxy-rewrite: https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/"""

from gateway.recipes.header_changes import GROUP, REMOVE, SET, changed_headers, tell
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, Work
from gateway.recipes.settings import Settings, WrongSettings, names_set, text

PLUGIN = "proxy-rewrite"
NAMES = ("strip_prefix", "host", "set_headers", "remove_headers")


def make(settings: Settings, work: Work) -> None:
    if not list(names_set(settings, *NAMES)):
        raise WrongSettings(("", f"Give at least one of {', '.join(NAMES)}."))
    before = work.settings_of(PLUGIN)
    patch: Document = {}
    if "strip_prefix" in settings:
        prefix = settings["strip_prefix"]
        patch["regex_uri"] = _stripping(prefix, before)
        work.sets(f"The server gets the path without {prefix} at its beginning.")
    if "host" in settings:
        patch["host"] = settings["host"]
        work.sets(f"The server is asked as {settings['host']}.")
    work.plugin(PLUGIN, patch, changed_headers(before, settings))
    tell(settings, "The request", work)


def _stripping(prefix: str, before: Document) -> list[str]:
    """Return the pairs of pattern and replacement with ours first: the first one counts.

    Raises DoesNotFit.
    """
    if before.get("uri"):
        raise DoesNotFit(
            "proxy-rewrite sends every request to one and the same path, so there is no "
            "prefix to strip. Remove its uri first."
        )
    pair = [f"^{prefix.replace('.', chr(92) + '.')}/(.*)$", "/$1"]
    rules = before.get("regex_uri") or []
    pairs = list(zip(rules[::2], rules[1::2], strict=False))
    return rules if tuple(pair) in pairs else [*pair, *rules]


RECIPE = Recipe(
    name="change-request",
    title="Change the request",
    description="The server gets another path, host or other headers than the caller sent.",
    group=GROUP,
    plugins=(PLUGIN,),
    properties={
        "strip_prefix": text(
            "Strip a prefix",
            "The beginning of the path that the server does not get.",
            example="/api",
            maxLength=200,
            pattern=r"^(/[A-Za-z0-9._~-]+)+$",
        ),
        "host": text(
            "Host",
            "The host that the server is asked as.",
            example="internal.example.com",
            maxLength=260,
            pattern=r"^[0-9a-zA-Z.-]+(:[0-9]{1,5})?$",
        ),
        "set_headers": SET,
        "remove_headers": REMOVE,
    },
    make=make,
    example={"strip_prefix": "/api", "set_headers": {"X-Gateway": "apisix"}},
)
