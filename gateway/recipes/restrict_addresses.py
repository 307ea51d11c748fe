"""ip-restriction: https://apisix.apache.org/docs/apisix/plugins/ip-restriction/"""

from ipaddress import ip_network

from gateway.recipes.callers import GROUP
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import DoesNotFit, Work
from gateway.recipes.settings import Settings, WrongSettings, choice, several, text

LISTS = {"allow": "whitelist", "deny": "blacklist"}


def make(settings: Settings, work: Work) -> None:
    addresses = _addresses(settings)
    who = settings["who"]
    mine, other = LISTS[who], LISTS["deny" if who == "allow" else "allow"]
    before = work.settings_of("ip-restriction")
    if before.get(other):
        raise DoesNotFit(
            f"The route has a {other} in ip-restriction, and APISIX takes a whitelist or a "
            "blacklist, not both. Take that away first, or choose the other setting of who."
        )
    there = [one for one in before.get(mine) or [] if isinstance(one, str)]
    kept = [one for one in there if one not in addresses]
    patch = {mine: [*there, *(one for one in addresses if one not in there)]}
    if "message" in settings:
        patch["message"] = settings["message"]
    work.plugin("ip-restriction", patch)
    named = ", ".join(addresses[:5]) + (" and more" if len(addresses) > 5 else "")
    if who == "allow":
        work.sets(f"Only {named} may call; all other addresses get 403.")
    else:
        work.sets(f"{named} may not call: they get 403. Everybody else may.")
    if kept:
        work.note(
            f"Keeps {len(kept)} more in the {mine}: {', '.join(kept[:5])}"
            f"{' and more' if len(kept) > 5 else ''}."
        )
    work.then(
        "Behind a load balancer the gateway sees the balancer's address. Then real-ip has "
        "to tell the caller's."
    )


def _addresses(settings: Settings) -> list[str]:
    wrong = []
    for index, address in enumerate(settings["addresses"]):
        try:
            ip_network(address, strict=False)
        except ValueError:
            wrong.append(
                (
                    f"addresses.{index}",
                    "It is no address. Give one such as 203.0.113.7 or 10.0.0.0/8.",
                )
            )
    if wrong:
        raise WrongSettings(*wrong)
    return list(settings["addresses"])


RECIPE = Recipe(
    name="restrict-addresses",
    title="Restrict addresses",
    description="Only some addresses may call, or some may not.",
    group=GROUP,
    plugins=("ip-restriction",),
    properties={
        "who": choice(
            "Who",
            "What is meant by the addresses.",
            {"allow": "Only these may call", "deny": "These may not call"},
            default="allow",
        ),
        "addresses": several(
            "Addresses",
            "IPv4 or IPv6 addresses or networks. Those that are listed already stay.",
            text(
                "Address",
                "An address or network.",
                maxLength=60,
                # The forms that the gateway takes.
                pattern=r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$",
            ),
            examples=[["10.0.0.0/8", "203.0.113.7"]],
        ),
        "message": text(
            "Message", "What refused callers are told.", example="Call from the office."
        ),
    },
    required=("addresses",),
    make=make,
    example={"addresses": ["10.0.0.0/8", "203.0.113.7"]},
)
