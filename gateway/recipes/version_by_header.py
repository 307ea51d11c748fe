"""Requests that ask for a version by a header go to that version."""

from gateway.recipes.recipe import Recipe
from gateway.recipes.require_key import NAME
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import Settings, text
from gateway.recipes.versions import GROUP, PLUGIN, TARGET, Target, for_all, rules_of


def make(settings: Settings, work: Work) -> None:
    target = Target(settings, work)
    header, value = settings["header"], settings["value"]
    variable = f"http_{header.lower().replace('-', '_')}"
    match = [{"vars": [[variable, "==", value]]}]
    rule: Document = {
        "match": match,
        "weighted_upstreams": [target.as_share() | {"weight": 1}],
    }
    rules = rules_of(work)
    there = next((i for i, one in enumerate(rules) if one.get("match") == match), None)
    if there is None:
        # Behind one that takes everything it would never be asked.
        rules.insert(for_all(rules), rule)
    elif not _goes_to(rules[there], target):
        rules[there] = rules[there] | rule
    work.plugin(PLUGIN, {"rules": rules})
    work.sets(
        f"Requests with the header {header}: {value} go to {target.words}; the others go "
        "where they went before."
    )
    work.then(f"Tell callers to send {header}: {value} for the new version.")


def _goes_to(rule: Document, target: Target) -> bool:
    shares = rule.get("weighted_upstreams") or []
    return len(shares) == 1 and target.is_aim_of(shares[0])


RECIPE = Recipe(
    name="version-by-header",
    title="Choose a version by header",
    description="Requests that name a version in a header go to another server.",
    group=GROUP,
    plugins=(PLUGIN,),
    properties={
        "header": text(
            "Header",
            "The header that names the version.",
            default="X-API-Version",
            example="X-API-Version",
            pattern=NAME,
        ),
        "value": text("Value", "What it says for this version.", default="2"),
    }
    | TARGET,
    make=make,
    example={"value": "2", "url": "http://10.0.0.9:8080"},
)
