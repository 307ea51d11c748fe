"""Replacing by regular expression, with the `$1` that nginx's Lua knows."""

import re

import regex

from gateway.router_vars import REGEX_TIMEOUT, search

_CAPTURE = re.compile(r"\$(?:\{(\d+)\}|(\d+)|\$)")


def substitute(
    pattern: str,
    replacement: str,
    text: str,
    *,
    flags: int = 0,
    everywhere: bool = False,
) -> tuple[str, int]:
    """Replace the first match (or all); return the text and how many were replaced.

    A broken or runaway pattern replaces nothing.
    """
    try:
        compiled = regex.compile(pattern, flags)
        result, count = compiled.subn(
            lambda match: fill(replacement, [match[0], *match.groups()]),
            text,
            count=0 if everywhere else 1,
            timeout=REGEX_TIMEOUT,
        )
    except (regex.error, TimeoutError):
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
