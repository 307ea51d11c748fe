"""Values as the JSON that programs get."""

from typing import Any

import orjson


def dump(value: Any) -> bytes:
    """Return `value` as compact JSON; datetimes become ISO 8601 with Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)
