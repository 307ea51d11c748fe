"""limit-req: https://apisix.apache.org/docs/apisix/plugins/limit-req/"""

from gateway.recipes.counting import GROUP, MESSAGE, PER, STATUS, WHOSE, tell
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import Settings, whole


def make(settings: Settings, work: Work) -> None:
    key, whose = WHOSE[settings["per"]]
    rate, burst = settings["rate"], settings["burst"]
    patch: Document = {
        "rate": rate,
        "burst": burst,
        "key": key,
        "key_type": "var",
        "rejected_code": settings["status"],
    }
    if "message" in settings:
        patch["rejected_msg"] = settings["message"]
    work.plugin("limit-req", patch)
    work.sets(
        f"{rate:,} requests a second pass for {whose}. Up to {burst:,} more wait for their "
        f"turn; what is beyond gets {settings['status']}."
    )
    tell(work, "limit-req", settings["per"])


RECIPE = Recipe(
    name="smooth-bursts",
    title="Smooth out bursts",
    description="A steady number of requests a second; a few more wait for their turn.",
    group=GROUP,
    plugins=("limit-req",),
    properties={
        "rate": whole(
            "Requests a second", "How many pass.", least=1, most=10**6, default=10
        ),
        "burst": whole(
            "Waiting", "How many more may wait.", least=0, most=10**6, default=20
        ),
        "per": PER,
        "status": STATUS,
        "message": MESSAGE,
    },
    make=make,
    example={"rate": 5, "burst": 10},
)
