"""limit-count: https://apisix.apache.org/docs/apisix/plugins/limit-count/"""

from gateway.recipes.counting import GROUP, MESSAGE, PER, STATUS, WHOSE, tell
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, Work
from gateway.recipes.settings import Settings, whole


def make(settings: Settings, work: Work) -> None:
    before = work.settings_of("limit-count")
    if before.get("rules"):
        raise DoesNotFit(
            "limit-count counts by rules of its own here, beside which one limit cannot "
            "stand. Change those rules instead."
        )
    if before.get("group"):
        raise DoesNotFit(
            "limit-count shares its count with other routes by its group, and all of them "
            "must say the same. Change it on all of them in one change."
        )
    key, whose = WHOSE[settings["per"]]
    patch: Document = {
        "count": settings["requests"],
        "time_window": settings["seconds"],
        "key": key,
        "key_type": "var",
        "rejected_code": settings["status"],
    }
    if "message" in settings:
        patch["rejected_msg"] = settings["message"]
    work.plugin("limit-count", patch)
    work.sets(
        f"At most {settings['requests']:,} requests in {settings['seconds']:,} s for "
        f"{whose}; what is more gets {settings['status']}."
    )
    tell(work, "limit-count", settings["per"])


RECIPE = Recipe(
    name="limit-rate",
    title="Limit the rate",
    description="So many requests in a time, for each address, each consumer or all.",
    group=GROUP,
    plugins=("limit-count",),
    properties={
        "requests": whole(
            "Requests", "How many in that time.", least=1, most=10**9, default=100
        ),
        "seconds": whole(
            "Seconds", "How long the time is.", least=1, most=31_536_000, default=60
        ),
        "per": PER,
        "status": STATUS,
        "message": MESSAGE,
    },
    make=make,
    example={"requests": 1000, "seconds": 3600, "per": "consumer"},
)
