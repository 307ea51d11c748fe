"""A path template of OpenAPI as what a gateway's router matches exactly so.

`/a/{x}/b` takes one piece of a path for `{x}`: not none, and no further slash. Only the
router `radixtree_uri_with_parameter` knows `/a/:x/b`; to the others that is a text. A
prefix and a condition on the whole path mean the same to all of them:
`/a/*` with `["uri", "~~", "^/a/[^/]+/b$"]`.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from gateway.openapi.errors import OpenAPIError
from gateway.router.match import Mode

LENGTH_LIMIT = 2_000
# So many pieces behind the first parameter tell which of two paths goes first.
WEIGHED = 15
PARAMETER = re.compile(r"\{([^{}]+)\}")
# What the router would take for a piece of a regular expression behind the first
# parameter, or for a parameter.
SPECIAL = re.compile(r"[^A-Za-z0-9_~/%-]")
# What `re.escape` makes longer and PCRE reads alike either way.
PLAIN = re.compile(r"\\([ #&~-])")


@dataclass(frozen=True)
class Template:
    """A path: its pieces between slashes, each a list of texts and parameters in turn."""

    text: str
    segments: tuple[tuple[str, ...], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for one in self.segments for name in one[1::2])

    @cached_property
    def shape(self) -> str:
        """What a gateway can tell apart: the names of parameters are nothing to it."""
        return "/".join("{}".join(one[::2]) for one in self.segments)

    @cached_property
    def prefix(self) -> str:
        """The path up to its first parameter."""
        return self.shape.partition("{}")[0]

    @property
    def pattern(self) -> str:
        """A regular expression that matches these paths and no others."""
        pieces = "/".join(
            "[^/]+".join(_escaped(text) for text in one[::2]) for one in self.segments
        )
        return f"^{pieces}$"

    def is_also(self, other: "Template") -> bool:
        """Say whether one path may fit both."""
        return len(self.segments) == len(other.segments) and all(
            len(a) > 1 or len(b) > 1 or a == b
            for a, b in zip(self.segments, other.segments, strict=True)
        )

    @cached_property
    def weight(self) -> int:
        """Of two that fit a path the heavier goes first: it is fixed further to the left.

        A piece that is all text counts two, one that is so in part counts one.
        """
        beyond = len(self.prefix.split("/")) - 1
        weight = 0
        for one in self.segments[beyond:][:WEIGHED]:
            fixed = 2 if len(one) == 1 else int(any(one[::2]))
            weight = weight * 3 + fixed
        return weight


def read_template(text: str, *, base: str = "") -> Template:
    """Return a path template below a base path. Raises OpenAPIError."""
    if not text.startswith("/"):
        raise OpenAPIError("A path begins with a slash.")
    if re.search(r"[?#\s\x00-\x1f\x7f]", text):
        raise OpenAPIError("A path holds no query, no fragment and no blank.")
    whole = base.rstrip("/") + text
    if len(whole) > LENGTH_LIMIT:
        raise OpenAPIError(f"A path has at most {LENGTH_LIMIT:,} characters.")
    segments = tuple(tuple(PARAMETER.split(one)) for one in whole.split("/"))
    if any("{" in part or "}" in part for one in segments for part in one[::2]):
        raise OpenAPIError("Its braces do not fit together: write {name}.")
    # The gateway compares paths as they are once decoded.
    decoded = tuple(
        tuple(part if at % 2 else unquote(part) for at, part in enumerate(one))
        for one in segments
    )
    return Template(whole, decoded)


def matching(template: Template, mode: Mode | None) -> dict[str, Any]:
    """Return `uri`, and `vars` where it needs them, that match these paths alone.

    `mode` is the gateway's router, None where nobody told: then all read it alike.
    """
    if not template.names:
        return _literal(template.shape, mode)
    if mode is Mode.URI_WITH_PARAMETER and _is_plain(template):
        pieces = (f":{one[1]}" if len(one) > 1 else one[0] for one in template.segments)
        return {"uri": "/".join(pieces)}
    return {
        "uri": _as_prefix(template.prefix),
        "vars": [["uri", "~~", template.pattern]],
    }


def _literal(path: str, mode: Mode | None) -> dict[str, Any]:
    may_mean_parameter = ":" in path and mode in {None, Mode.URI_WITH_PARAMETER}
    if "*" not in path and not may_mean_parameter:
        return {"uri": path}
    exact = [["uri", "==", path]]
    if "*" not in path and "/:" not in path:
        # A colon within a piece cuts the path short: the condition keeps it whole.
        return {"uri": path, "vars": exact}
    return {"uri": _as_prefix(path), "vars": exact}


def _as_prefix(path: str) -> str:
    """Return a URI that takes all that begins as this does, up to a `:` or `*`."""
    prefix = path.partition(":")[0].partition("*")[0]
    if SPECIAL.search(prefix):
        # Without the slash it is a mere prefix, which no router reads as a pattern.
        prefix = prefix.rstrip("/") or "/"
    return f"{prefix}*"


def _is_plain(template: Template) -> bool:
    """Say whether each parameter is a whole piece, and the rest no expression."""
    return all(
        (len(one) == 3 and not one[0] and not one[2] and "/" not in one[1])
        if len(one) > 1
        else not SPECIAL.search(one[0])
        for one in template.segments
    )


def _escaped(text: str) -> str:
    return PLAIN.sub(r"\1", re.escape(text))
