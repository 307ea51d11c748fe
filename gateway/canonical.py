"""One form for equal JSON values, so that they can be compared and digested. Pure."""

import json
from typing import Any

import orjson

# Integers below this have at most 14 digits.
EXACT = 10**14


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no blanks; equal values give equal bytes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        # Integers beyond 64 bits: rare, but a document may hold one.
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def number_form(value: Any) -> Any:
    """Return the value with its numbers as Lua's JSON library writes them.

    Lua has one type for 1 and 1.0, and lua-cjson writes 14 significant digits, its
    default (https://github.com/openresty/lua-cjson): a document with more of them
    would otherwise never compare equal to what is read back.
    """
    # Most values of a document are texts: told without a call for each.
    if isinstance(value, dict):
        return {
            name: item if isinstance(item, str) else number_form(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [item if isinstance(item, str) else number_form(item) for item in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= EXACT):
        return _kept_digits(value)
    return value


def _kept_digits(number: float) -> float:
    try:
        kept = float(f"{number:.14g}")
    except OverflowError:
        return number  # an integer beyond any float; no gateway can hold it
    return int(kept) if kept.is_integer() else kept
