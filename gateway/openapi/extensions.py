"""What a document says to a gateway itself: `x-apisix-*`, `x-adc-*`, `x-ratelimit`.

`x-apisix-FIELD` is a field of the route, as the old dashboard read it; `x-adc-*` as
ADC's converter reads them (https://github.com/api7/adc, libs/converter-openapi): plugins
of the path below those of the operation, and `x-adc-route-defaults` last of all.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.openapi.errors import OpenAPIError, pointer_to
from gateway.openapi.shapes import Document, Place, taken

ROUTE_FIELDS = (
    *("plugins", "script", "upstream", "upstream_id", "service_id", "plugin_config_id"),
    *(
        "host",
        "hosts",
        "remote_addr",
        "remote_addrs",
        "priority",
        "vars",
        "filter_func",
    ),
    *("labels", "enable_websocket", "status", "timeout", "name", "desc", "uri", "uris"),
)
# What tells which route it is is ours to say.
NOT_TAKEN = frozenset({"id", "create_time", "update_time"})
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LENGTH = re.compile(r"(\d{1,9})\s*(s|m|h|d|)")

Level = tuple[Document, Place]


def plugins_said(levels: Sequence[Level]) -> Document:
    """Return the plugins that levels name, the later level winning by name."""
    found: Document = {}
    for holder, at in levels:
        found |= _rate_limit(holder, at)
        found |= taken(holder, "x-adc-plugins", dict, at)
        for name, settings in holder.items():
            if name.startswith("x-adc-plugin-"):
                found[name.removeprefix("x-adc-plugin-")] = settings
        found |= taken(holder, "x-apisix-plugins", dict, at)
    return found


def labels_said(levels: Sequence[Level]) -> Document:
    """Return the labels that levels name."""
    found: Document = {}
    for holder, at in levels:
        found |= taken(holder, "x-adc-labels", dict, at)
        found |= taken(holder, "x-apisix-labels", dict, at)
    return found


def name_said(holder: Document, at: Place) -> str:
    """Return the name that a level gives to what is made of it."""
    name: str = taken(holder, "x-apisix-name", str, at)
    return name or str(taken(holder, "x-adc-name", str, at))


def route_fields(levels: Sequence[Level]) -> Document:
    """Return the fields of a route that levels set, without plugins, labels and name."""
    found: Document = {}
    for holder, _ in levels:
        for name in ROUTE_FIELDS:
            value = holder.get(f"x-apisix-{name}")
            if value is not None and name not in {"plugins", "labels", "name"}:
                _put(found, name, value)
    for holder, at in levels:
        for name, value in taken(holder, "x-adc-route-defaults", dict, at).items():
            if name not in NOT_TAKEN:
                _put(found, name, value)
    return found


TWINS = {
    "uri": "uris",
    "uris": "uri",
    "host": "hosts",
    "hosts": "host",
    "remote_addr": "remote_addrs",
    "remote_addrs": "remote_addr",
    "upstream": "upstream_id",
    "upstream_id": "upstream",
}


def _put(document: Document, name: str, value: Any) -> None:
    document.pop(TWINS.get(name, ""), None)
    document[name] = value


def overridden(document: Document, fields: Document) -> Document:
    """Return a document with these fields; one of two that exclude each other goes."""
    made = dict(document)
    for name, value in fields.items():
        _put(made, name, value)
    return made


def defaults_said(name: str, levels: Sequence[Level]) -> Document:
    """Return `x-adc-NAME-defaults` of levels, shallow, the later level winning."""
    found: Document = {}
    for holder, at in levels:
        found |= {
            field: value
            for field, value in taken(
                holder, f"x-adc-{name}-defaults", dict, at
            ).items()
            if field not in NOT_TAKEN
        }
    return found


def _rate_limit(holder: Document, at: Place) -> Document:
    told: dict[str, Any] = dict(_rate_fields(holder, at))
    if not told:
        return {}
    count = told.get("limit", told.get("count"))
    window = told.get("window", told.get("time_window", told.get("period", 60)))
    found = LENGTH.fullmatch(str(window))
    is_count = isinstance(count, int) and not isinstance(count, bool) and count > 0
    if not is_count or found is None or not int(found[1]):
        raise OpenAPIError(
            "A rate limit is a limit of 1 or more in a window such as 60, 1m or 1h.",
            pointer_to(*at),
        )
    return {
        "limit-count": {
            "count": count,
            "time_window": int(found[1]) * UNITS[found[2]],
            "key_type": "var",
            "key": str(told.get("key", "remote_addr")),
            "rejected_code": 429,
        }
    }


def _rate_fields(holder: Document, at: Place) -> Iterator[tuple[str, Any]]:
    """Return the parts of `x-ratelimit: {limit, window}` or `x-ratelimit-limit: …`."""
    for prefix in ("x-ratelimit", "x-rate-limit"):
        whole = holder.get(prefix)
        if isinstance(whole, int):
            yield "limit", whole
        elif whole is not None:
            yield from taken(holder, prefix, dict, at).items()
        for name in ("limit", "window", "key"):
            if f"{prefix}-{name}" in holder:
                yield name, holder[f"{prefix}-{name}"]
