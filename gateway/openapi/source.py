"""Read the bytes of an OpenAPI document into plain values.

JSON is read here. YAML is read by a child process with little memory and little time,
since a small file of it may mean a huge one (read_child.py).
"""

import json
import re
from math import isinf
from typing import Any, NoReturn

from gateway.formats.errors import FormatError
from gateway.formats.reader import decoded, shown
from gateway.openapi.children import NoRoom, TooMuch, answer_of
from gateway.openapi.errors import OpenAPIError, TooBusy, pointer_to

# Bytes; read by propose and by whoever fetches one.
LIMIT = 20_000_000
VALUES_LIMIT = 2_000_000
DEPTH_LIMIT = 100
# As many as a floating-point number may have.
DIGITS_LIMIT = 300
# Seconds that a child may take to read YAML; 10 MB take about 20.
SECONDS = 120.0
# Larger ones take minutes to be compared with every rule.
CHECKED_UP_TO = 500_000
CHECK_SECONDS = 30.0
# Below these a `$ref` is somebody's data and refers to nothing.
DATA = frozenset({"example", "examples", "default", "enum", "const"})
SEPARATOR = re.compile(r"[,{\[]")
UNKEPT = re.compile("[\x00\ud800-\udfff]")

Document = dict[str, Any]


def read_source(source: bytes) -> Document:
    """Return the object that a JSON or YAML text says. Raises OpenAPIError."""
    if len(source) > LIMIT:
        raise OpenAPIError(
            f"The document is larger than {LIMIT:,} bytes. Split it by paths."
        )
    try:
        text = decoded(source)
    except FormatError as error:
        raise OpenAPIError(str(error), line=error.line) from error
    is_json = text.lstrip()[0] in "{["
    value = _json(text) if is_json else _yaml(text)
    if not isinstance(value, dict):
        raise OpenAPIError("An OpenAPI document is an object: openapi, info, paths.")
    _inspect(value)
    return value


def _json(text: str) -> Any:
    if sum(1 for _ in SEPARATOR.finditer(text)) > 2 * VALUES_LIMIT:
        raise OpenAPIError(f"It holds more than {VALUES_LIMIT:,} values. Split it.")
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_int=_number,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise OpenAPIError(
            f"Line {error.lineno}, column {error.colno}: This is not JSON: {error.msg}.",
            line=error.lineno,
        ) from error
    except RecursionError as error:
        raise OpenAPIError(f"It nests deeper than {DEPTH_LIMIT} levels.") from error


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    made: Document = {}
    for name, value in pairs:
        if name in made:
            raise OpenAPIError(f"The key {shown(name)} stands twice in one object.")
        made[name] = value
    return made


def _constant(name: str) -> NoReturn:
    raise OpenAPIError(f"{name} is no number that JSON has. Give another.")


def _number(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise OpenAPIError(f"The number {text[:20]}… has too many digits.")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise OpenAPIError(f"The number {text[:20]} is too large.")
    return number


def _yaml(text: str) -> Any:
    try:
        told = json.loads(answer_of("read_child", text.encode(), seconds=SECONDS))
    except NoRoom as error:
        raise TooBusy(
            "As many documents in YAML are read just now as can be. Try again in some "
            "seconds, or send it as JSON."
        ) from error
    except TooMuch as error:
        raise OpenAPIError(
            "Reading this YAML needs more memory or time than it may have. Send it as "
            "JSON, or split it."
        ) from error
    if "error" in told:
        raise OpenAPIError(told["error"], line=told["line"])
    return told["value"]


def _inspect(document: Document) -> None:
    """Refuse what cannot be kept, what is too much, and what leads out of the document."""
    waiting: list[tuple[Any, tuple[str | int, ...], bool]] = [(document, (), False)]
    count = 0
    while waiting:
        value, at, is_data = waiting.pop()
        count += 1
        if isinstance(value, str):
            if UNKEPT.search(value):
                raise OpenAPIError(
                    "It holds a NUL character or half of a surrogate pair. Take it out.",
                    pointer_to(*at),
                )
            continue
        if not isinstance(value, dict | list):
            continue
        if len(at) >= DEPTH_LIMIT:
            raise OpenAPIError(f"It nests deeper than {DEPTH_LIMIT} levels.")
        if isinstance(value, list):
            waiting += [(one, (*at, index), is_data) for index, one in enumerate(value)]
            continue
        reference = value.get("$ref")
        if isinstance(reference, str) and not is_data:
            _refuse_outside(reference, at)
        for name, one in value.items():
            if UNKEPT.search(name):
                raise OpenAPIError("A key holds a NUL character.", pointer_to(*at))
            below = is_data or name in DATA or name.startswith("x-")
            # In `properties` a name is a name, whatever else it means elsewhere.
            if at and at[-1] in {"properties", "schemas"}:
                below = is_data
            waiting.append((one, (*at, name), below))
    if count > VALUES_LIMIT:
        raise OpenAPIError(f"It holds more than {VALUES_LIMIT:,} values. Split it.")


def _refuse_outside(reference: str, at: tuple[str | int, ...]) -> None:
    if not reference.startswith("#"):
        raise OpenAPIError(
            f"$ref {shown(reference)} leads out of the document, where nothing is read. "
            "Bundle the document first: every $ref begins with #.",
            pointer_to(*at),
        )


def trouble_with(document: Document, size: int) -> list[str]:
    """Say what is not valid OpenAPI, each with its pointer; `size` is in bytes.

    It is told, not refused: many documents in use break some rule.
    """
    if size > CHECKED_UP_TO:
        return [
            f"A document of more than {CHECKED_UP_TO:,} bytes is not compared with all "
            "rules of OpenAPI, only with those that the import needs."
        ]
    source = json.dumps(document).encode()
    try:
        found = json.loads(answer_of("check_child", source, seconds=CHECK_SECONDS))
    except NoRoom:
        return [
            "Nobody compared the document with all rules of OpenAPI: too many wait."
        ]
    except TooMuch:
        return ["Comparing the document with all rules of OpenAPI took too much."]
    return [f"This is not valid OpenAPI: {words} (at {at})" for words, at in found]
