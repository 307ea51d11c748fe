"""What a route takes, told by its own fields as path templates and methods."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from gateway.openapi.shapes import Document
from gateway.router.match import Mode, uris_of

# OpenAPI has no word for CONNECT and PURGE.
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
USUAL = ("get", "put", "post", "delete", "patch")
REST = "path"
PIECE = "[^/]+"
ESCAPED = re.compile(r"\\(.)")
SPECIAL = re.compile(r"(?<!\\)[\[\](){}.*+?|^$]")
SAFE = "/!&'()*+,-.:;=@_~$"


def methods_of(route: Mapping[str, Any]) -> list[str]:
    """Return the methods that a route takes, in small letters, those OpenAPI knows."""
    methods = route.get("methods")
    if not isinstance(methods, list) or not methods:
        return list(USUAL)
    named = {str(one).lower() for one in methods}
    return [one for one in METHODS if one in named]


def paths_of(route: Mapping[str, Any], mode: Mode | None) -> list[str]:
    """Return the path templates that a route takes."""
    precise = _precise(route.get("vars"))
    if precise:
        return [precise]
    return list(dict.fromkeys(_template(uri, mode) for uri in uris_of(dict(route))))


def parameters_in(path: str) -> Iterator[Document]:
    """Return what OpenAPI asks to be said of each parameter of a path."""
    for name in dict.fromkeys(re.findall(r"\{([^{}]+)\}", path)):
        told: Document = {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }
        if name == REST:
            told["description"] = "All that follows, slashes too."
        yield told


def _precise(conditions: Any) -> str:
    """Return the path that a condition on `uri` means, "" where there is none."""
    for one in conditions if isinstance(conditions, list) else ():
        if not isinstance(one, list) or len(one) != 3 or one[0] != "uri":
            continue
        operator, operand = one[1], one[2]
        if operator == "==" and isinstance(operand, str):
            return _quoted(operand)
        if operator == "~~" and isinstance(operand, str):
            return _of_pattern(operand)
    return ""


def _of_pattern(pattern: str) -> str:
    if not (pattern.startswith("^/") and pattern.endswith("$")):
        return ""
    texts = pattern[1:-1].split(PIECE)
    if any(SPECIAL.search(text) for text in texts):
        return ""
    made = _quoted(ESCAPED.sub(r"\1", texts[0]))
    for number, text in enumerate(texts[1:], 1):
        made += f"{{p{number}}}" + _quoted(ESCAPED.sub(r"\1", text))
    return made


def _template(uri: str, mode: Mode | None) -> str:
    parts: list[str] = []
    for part in uri.split("/"):
        is_parameter = part.startswith(":") and len(part) > 1
        if is_parameter and mode in {None, Mode.URI_WITH_PARAMETER}:
            parts.append("{" + re.sub(r"[{}]", "", part[1:]) + "}")
        elif "*" in part:
            parts.append(_quoted(part.partition("*")[0]) + "{" + REST + "}")
            break
        else:
            parts.append(_quoted(part))
    made = "/".join(parts)
    return made if made.startswith("/") else f"/{made}"


def _quoted(text: str) -> str:
    return quote(text, safe=SAFE)
