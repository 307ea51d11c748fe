"""Rewriting of texts and paths: `$variables`, and the `$1` that nginx's Lua knows. Pure."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gateway.patterns import compiled, search, timed
from gateway.router.vars import Lookup

_CAPTURE = re.compile(r"\$(?:\{(\d+)\}|(\d+)|\$)")
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(\w+)\}|(\w+))")
# What the gateway leaves alone when it encodes a path that it made.
_SAFE = "/!&'()*+,-.:;=@_~$"


def variables_in(text: str) -> list[str]:
    """Return the names of the variables that a text mentions."""
    return [found[1] or found[2] for found in _VARIABLE.finditer(text)]


def interpolated(text: str, lookup: Lookup) -> tuple[str, int]:
    """Return the text with its variables replaced, and how many had a value."""
    found = 0

    def value_of(match: re.Match[str]) -> str:
        nonlocal found
        value = lookup(match[1] or match[2])
        if value is None:
            return ""
        found += 1
        return "true" if value is True else str(value)

    return _VARIABLE.sub(value_of, text), found


def substitute(
    pattern: str,
    replacement: str,
    text: str,
    *,
    flags: int = 0,
    everywhere: bool = False,
) -> tuple[str, int]:
    """Replace the first match (or all); return the text and how many were replaced.

    A broken or runaway pattern replaces nothing. Raises TooSlow.
    """

    def replaced(seconds: float) -> tuple[str, int]:
        ready = compiled(pattern, flags)
        if ready is None:
            return text, 0
        return ready.subn(
            lambda match: fill(replacement, [match[0], *match.groups()]),
            text,
            count=0 if everywhere else 1,
            timeout=seconds,
        )

    try:
        result, count = timed(replaced)
    except TimeoutError:
        return text, 0
    return str(result), int(count)


def captures(pattern: str, text: str) -> list[str | None] | None:
    """Return the whole match and its groups, or None."""
    found = search(pattern, text)
    return None if found is None else [found[0], *found.groups()]


def fill(template: str, groups: list[str | None]) -> str:
    """Replace `$0`, `$1`, `${2}` by captures and `$$` by a dollar sign."""

    def value_of(match: re.Match[str]) -> str:
        number = match[1] or match[2]
        if number is None:
            return "$"
        return groups[int(number)] or "" if int(number) < len(groups) else ""

    return _CAPTURE.sub(value_of, template)


def proxied_target(
    conf: Mapping[str, Any], lookup: Lookup, query: str
) -> tuple[str, list[str | None]]:
    """Return path and query that `proxy-rewrite` sends on, and what `regex_uri` captured.

    `lookup` gives `uri`, `request_uri` and what the template names; `query` is what the
    upstream gets besides. Facts: https://apisix.apache.org/docs/apisix/plugins/proxy-rewrite/
    """
    if conf.get("use_real_request_uri_unsafe"):
        return str(lookup("request_uri")), []
    path = str(lookup("uri"))
    groups: list[str | None] = []
    if conf.get("uri"):
        path, _ = interpolated(conf["uri"], lookup)
    elif conf.get("regex_uri"):
        pairs = conf["regex_uri"]
        for pattern, replacement in zip(pairs[::2], pairs[1::2], strict=False):
            found = captures(pattern, path)
            if found is not None:
                groups = found
                path, _ = substitute(pattern, replacement, path)
                break
    fixed, mark, own = path.partition("?")
    target = quote(fixed, safe=_SAFE, errors="surrogateescape") + mark + own
    if query:
        target += ("&" if mark else "?") + query
    return target, groups
