"""Decoded values as Lua names and writes them; messages of a gateway show both."""

from typing import Any


def lua_type(value: Any) -> str:
    """Return what Lua's `type` says of a decoded value."""
    if value is None:
        return "userdata"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "table"


def lua_text(value: Any) -> str:
    """Return what Lua's `tostring` makes of a scalar: doubles with 14 digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.14g}"
    return str(value)


def quoted(text: str) -> str:
    """Return a string as Lua's `%q` writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\\n")
    return '"' + escaped.replace("\r", "\\r").replace("\0", "\\0") + '"'
