"""Complete what a person writes into a prompt's argument or a resource's URI."""

from collections.abc import Mapping
from typing import Any

from portal.mcp import resources
from portal.mcp.caller import Caller


def completed(
    argument: str, text: str, others: Mapping[str, str], caller: Caller
) -> dict[str, Any]:
    """Return what may stand there; `others` are the arguments filled in so far."""
    if argument in ("gateway", "slug"):
        values = resources.gateways_beginning(text, caller)
    elif argument in ("route", "id"):
        slug = others.get("gateway") or others.get("slug") or ""
        values = resources.routes_beginning(text, slug, caller)
    elif argument == "number":
        values = resources.changes_beginning(text, caller)
    else:
        values = []
    return {"completion": {"values": values, "hasMore": False}}
