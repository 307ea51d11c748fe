"""prometheus: https://apisix.apache.org/docs/apisix/plugins/prometheus/"""

from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Work
from gateway.recipes.settings import Settings, flag

GROUP = "What is seen"


def make(settings: Settings, work: Work) -> None:
    by_name = settings["by_name"]
    work.plugin("prometheus", {"prefer_name": by_name})
    work.sets(
        "Requests, answers, bytes and times of the route are counted for Prometheus, under "
        f"the route's {'name' if by_name else 'id'}."
    )
    if by_name and not work.now.document.get("name"):
        work.note("The route has no name, so it is counted under its id.")
    work.then(
        "Let Prometheus read /apisix/prometheus/metrics of each node, at port 9091 unless "
        "configured otherwise."
    )


RECIPE = Recipe(
    name="count-requests",
    title="Count requests",
    description="Prometheus can read how many requests, with which answers, how fast.",
    group=GROUP,
    plugins=("prometheus",),
    properties={
        "by_name": flag(
            "Under its name",
            "Metrics name the route by its name instead of its id.",
            default=True,
        )
    },
    make=make,
    example={},
)
