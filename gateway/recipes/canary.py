"""A share of the requests goes to a new version."""

from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, Work
from gateway.recipes.settings import Settings, whole
from gateway.recipes.versions import GROUP, PLUGIN, TARGET, Target, for_all, rules_of


def make(settings: Settings, work: Work) -> None:
    target, share = Target(settings, work), settings["share"]
    rules = rules_of(work)
    place = for_all(rules)
    if place == len(rules):
        rules.append({"weighted_upstreams": [{"weight": 1}]})
    rules[place] = rules[place] | {
        "weighted_upstreams": _shares(rules[place], target, share)
    }
    work.plugin(PLUGIN, {"rules": rules})
    work.sets(
        f"{share} % of the requests go to {target.words}; the others go where they went "
        "before."
    )
    if place:
        work.note("Rules of traffic-split with conditions stay and are asked first.")
    if share < 100:
        work.then("Ask again with a larger share when the new version does well.")
    else:
        work.then("When it does well, let the route itself go there.")


def _shares(rule: Document, target: Target, share: int) -> list[Document]:
    """Return the shares with the target's among them. Raises DoesNotFit."""
    shares: list[Document] = rule.get("weighted_upstreams") or [{"weight": 1}]
    mine = next((i for i, one in enumerate(shares) if target.is_aim_of(one)), None)
    usual = next(
        (
            i
            for i, one in enumerate(shares)
            if not {"upstream", "upstream_id"} & set(one)
        ),
        None,
    )
    for index, one in enumerate(shares):
        if index not in (mine, usual) and one.get("weight", 1) > 0:
            raise DoesNotFit(
                "traffic-split sends a part of the requests to another version already. "
                "Set its weight to 0 first, or change traffic-split itself."
            )
    if usual is None:
        shares = [{"weight": 100 - share}, *shares]
        mine = None if mine is None else mine + 1
    else:
        shares = [*shares]
        shares[usual] = shares[usual] | {"weight": 100 - share}
    if mine is None:
        return [*shares, target.as_share() | {"weight": share}]
    shares[mine] = shares[mine] | {"weight": share}
    return shares


RECIPE = Recipe(
    name="canary",
    title="Try a new version on a few",
    description="A share of the requests goes to another server (canary).",
    group=GROUP,
    plugins=(PLUGIN,),
    properties=TARGET
    | {
        "share": whole(
            "Share in percent",
            "How many of a hundred requests go there.",
            least=0,
            most=100,
            default=10,
        )
    },
    make=make,
    example={"url": "http://10.0.0.9:8080", "share": 5},
)
