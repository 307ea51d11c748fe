"""proxy-cache: https://apisix.apache.org/docs/apisix/plugins/proxy-cache/

In memory, since answers kept on disk live as long as the gateway's own configuration
says, whatever `cache_ttl` is.
"""

from gateway.recipes.counting import GROUP
from gateway.recipes.recipe import Recipe
from gateway.recipes.require_key import NAME
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import Settings, several, text, whole

KEY = ("$host", "$request_uri")


def make(settings: Settings, work: Work) -> None:
    before = work.settings_of("proxy-cache")
    patch: Document = {
        "cache_strategy": "memory",
        "cache_zone": settings["zone"],
        "cache_ttl": settings["seconds"],
        "cache_method": ["GET", "HEAD"],
        "cache_http_status": settings["statuses"],
    }
    headers = settings.get("by_headers", ())
    mine = [f"$http_{name.lower().replace('-', '_')}" for name in headers]
    if work.now.asking and not _keeps_apart(work):
        mine.append("$consumer_name")
    if mine:
        parts = [one for one in before.get("cache_key") or KEY if isinstance(one, str)]
        patch["cache_key"] = [*parts, *(one for one in mine if one not in parts)]
    work.plugin("proxy-cache", patch)
    statuses = ", ".join(map(str, settings["statuses"]))
    work.sets(
        f"Answers with {statuses} to GET and HEAD are kept for {settings['seconds']:,} s "
        "and given again without asking the server."
    )
    if headers:
        work.sets(f"Requests with another {', '.join(headers)} get their own answer.")
    if work.now.asking:
        work.note(
            "Callers are asked who they are before they get a kept answer, and each "
            "consumer has answers of its own."
        )
    work.then(
        f"The gateway's configuration must have the cache zone {settings['zone']} in "
        "memory; a stock one has memory_cache."
    )


def _keeps_apart(work: Work) -> bool:
    """Say whether this gateway's plugin keeps the answers of consumers apart itself."""
    schema = work.now.catalogue.plugin_schema("route", "proxy-cache") or {}
    own = work.settings_of("proxy-cache").get("consumer_isolation", True)
    return "consumer_isolation" in schema.get("properties", {}) and own is True


RECIPE = Recipe(
    name="cache-answers",
    title="Cache answers",
    description="Give the same answer again for a while, without asking the server.",
    group=GROUP,
    plugins=("proxy-cache",),
    properties={
        "seconds": whole(
            "Seconds", "How long an answer is kept.", least=1, most=86_400, default=300
        ),
        "statuses": several(
            "Statuses",
            "Which answers are kept.",
            {"type": "integer", "minimum": 200, "maximum": 599},
            default=[200],
        ),
        "by_headers": several(
            "Headers that tell answers apart",
            "Such as Accept-Language, where the server answers by it.",
            text("Header", "A header's name.", pattern=NAME),
            examples=[["Accept-Language"]],
        ),
        "zone": text(
            "Cache zone",
            "Its name in the gateway's configuration.",
            default="memory_cache",
            maxLength=100,
        ),
    },
    make=make,
    example={"seconds": 60, "by_headers": ["Accept-Language"]},
)
