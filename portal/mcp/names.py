"""Tools are called as the operations are, in MCP's usual spelling."""

import re
from typing import Any

UPPER = re.compile(r"(?<=[a-z0-9])([A-Z])")


def tool_name(operation_id: str) -> str:
    """Return `get_all_routes` for `getAllRoutes`."""
    return UPPER.sub(lambda found: f"_{found[1].lower()}", operation_id)


class Renamer:
    """Rewrites texts that were written for the API, where operations are named."""

    def __init__(self, operation_ids: list[str]) -> None:
        self._ids = re.compile(rf"\b({'|'.join(map(re.escape, operation_ids))})\b")

    def text(self, text: str) -> str:
        return self._ids.sub(lambda found: tool_name(found[1]), text)

    def descriptions(self, value: Any) -> Any:
        """Return a copy of a schema whose descriptions name tools."""
        if isinstance(value, dict):
            return {
                key: self.text(one)
                if key == "description" and isinstance(one, str)
                else self.descriptions(one)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self.descriptions(one) for one in value]
        return value
