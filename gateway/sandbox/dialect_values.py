"""The parts of APISIX's schema dialect that look at one value and no further.

See dialect.py for what the dialect is. Each part returns a failure or None.
"""

import ipaddress
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import regex

from gateway.sandbox.lua_values import lua_text, lua_type, quoted

Failure = str | None


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str] | Any:
    """Compile a PCRE pattern of a schema."""
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        return regex.compile(text, regex.ASCII)


def is_object(value: Any) -> bool:
    """Say whether APISIX takes this for an object: an empty array is one."""
    return isinstance(value, dict) or value == []


def is_array(value: Any) -> bool:
    """Say whether APISIX takes this for an array: an empty object is one."""
    return isinstance(value, list) or value == {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": is_object,
    "array": is_array,
    "table": lambda value: isinstance(value, dict | list),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def check_type(schema: dict[str, Any], value: Any) -> Failure:
    """Check `type`."""
    wanted = schema.get("type")
    if wanted is None:
        return None
    if isinstance(wanted, str):
        if _TYPES[wanted](value):
            return None
        return f"wrong type: expected {wanted}, got {lua_type(value)}"
    if any(_TYPES[name](value) for name in wanted):
        return None
    return f"wrong type: expected one of {', '.join(wanted)}, got {lua_type(value)}"


def check_string(schema: dict[str, Any], value: Any) -> Failure:
    """Check lengths and `pattern`."""
    if not isinstance(value, str):
        return None
    shortest, longest = schema.get("minLength"), schema.get("maxLength")
    if shortest is not None and len(value) < shortest:
        return f"string too short, expected at least {shortest}, got {len(value)}"
    if longest is not None and len(value) > longest:
        return f"string too long, expected at most {longest}, got {len(value)}"
    wanted = schema.get("pattern")
    if wanted is not None and not pattern(wanted).search(value):
        return f"failed to match pattern {quoted(wanted)} with {quoted(value)}"
    return None


def check_number(schema: dict[str, Any], value: Any) -> Failure:
    """Check bounds and `multipleOf`."""
    if not _is_number(value):
        return None
    bounds: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
        ("minimum", "at least", lambda number, bound: number >= bound),
        ("exclusiveMinimum", "greater than", lambda number, bound: number > bound),
        ("maximum", "at most", lambda number, bound: number <= bound),
        ("exclusiveMaximum", "smaller than", lambda number, bound: number < bound),
    )
    for keyword, words, holds in bounds:
        bound = schema.get(keyword)
        if bound is not None and not holds(value, bound):
            return f"expected {lua_text(value)} to be {words} {lua_text(bound)}"
    step = schema.get("multipleOf")
    if step is not None and not math.isclose(value / step, round(value / step)):
        return f"expected {lua_text(value)} to be a multiple of {lua_text(step)}"
    return None


def check_enum(schema: dict[str, Any], value: Any) -> Failure:
    """Check `enum`."""
    allowed = schema.get("enum")
    if allowed is None or any(_equal(value, one) for one in allowed):
        return None
    return "matches none of the enum values"


def _is_address(version: int) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return test


_EMAIL = re.compile(r"^([A-Za-z0-9_\-.])+@([A-Za-z0-9_\-.])+\.([A-Za-z]{2,4})$")
_HOSTNAME = re.compile(r"^[a-zA-Z0-9\-.]+$")
_FORMATS: dict[str, tuple[Callable[[str], Any], str]] = {
    "email": (_EMAIL.search, "email"),
    "ipv4": (_is_address(4), "ipv4"),
    "ipv6": (_is_address(6), "ipv6"),
    # The library's own words for a bad host name speak of an address.
    "hostname": (_HOSTNAME.search, "ipv4"),
}


def check_format(schema: dict[str, Any], value: Any) -> Failure:
    """Check `format`."""
    known = _FORMATS.get(schema.get("format", ""))
    if known is None or not isinstance(value, str) or known[0](value):
        return None
    return f"expect valid {known[1]} address but got: {value}"


def check_const(schema: dict[str, Any], value: Any) -> Failure:
    """Check `const`."""
    if "const" in schema and not _equal(value, schema["const"]):
        return "failed to check const value"
    return None


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if not one and not other and isinstance(one, dict | list):
        return isinstance(other, dict | list)
    return bool(one == other)
