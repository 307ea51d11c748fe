"""Whose requests are counted together, for recipes that limit."""

from gateway.recipes.route import Work
from gateway.recipes.settings import Schema, choice, text, whole

GROUP = "How much"
# {whose: (variable, words)}
WHOSE = {
    "address": ("remote_addr", "each address"),
    "consumer": ("consumer_name", "each consumer"),
    "everybody": ("route_id", "everybody together"),
}

PER: Schema = choice(
    "Counted for",
    "Whose requests are counted together.",
    {
        "address": "Each address",
        "consumer": "Each consumer",
        "everybody": "Everybody together",
    },
    default="address",
)
STATUS: Schema = whole(
    "Status",
    "What is answered to what is too much.",
    least=400,
    most=599,
    default=429,
)
MESSAGE: Schema = text("Message", "What such callers are told.", example="Slow down.")


def tell(work: Work, plugin: str, per: str) -> None:
    """Say what holds of every limit on this route."""
    if per == "consumer" and not work.now.asking:
        work.note(
            "Nothing on the route asks who calls, so there is no consumer to count for: "
            "each address is counted instead. Require a key first."
        )
    if work.settings_of(plugin).get("policy", "local") == "local":
        work.then(
            "Each node of the gateway counts for itself. To count together, let the "
            f"plugin {plugin} use Redis."
        )
