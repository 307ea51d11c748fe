"""What recipes say that ask callers who they are."""

from gateway.recipes.route import Work

GROUP = "Who may call"


def tell_of_others(work: Work, plugin: str) -> None:
    """Say who else asks, and whether strangers pass all the same."""
    others = [name for name in work.now.asking if name != plugin]
    if others:
        work.note(
            f"{' and '.join(others)} asks too, so callers have to satisfy each. Remove "
            "what is no longer meant to ask."
        )
    if work.settings_of(plugin).get("anonymous_consumer"):
        work.note(
            f"{plugin} has an anonymous_consumer, so strangers still pass as that one."
        )
