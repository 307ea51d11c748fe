"""Read JSON strictly.

What is read may end up in a gateway: whatever JSON parsers disagree on (duplicate keys,
NaN, numbers beyond a double's 53 bits, lone surrogates) would be reviewed as one thing
and delivered as another.
"""

import json
import re
from typing import Any, NoReturn

DEPTH_LIMIT = 50
EXACT = 2**53 - 1
# Reading a number takes quadratic time.
DIGITS_LIMIT = 400
# A string without an end is all the rest: were it none, each quote in it began anew.
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")


class NotStrict(ValueError):
    """What was read is refused; the message says what to mend, `field` where."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field


def read_object(
    text: str, *, depth: int = DEPTH_LIMIT, is_exact: bool = True
) -> dict[str, Any]:
    """Return the JSON object in `text`. Raises NotStrict."""
    value = read_value(text, depth=depth, is_exact=is_exact)
    if not isinstance(value, dict):
        raise NotStrict("Give one JSON object: { … }.")
    return value


def read_value(text: str, *, depth: int = DEPTH_LIMIT, is_exact: bool = True) -> Any:
    """Return the JSON value in `text`. Raises NotStrict.

    `is_exact` is false where numbers are not for a gateway, so that any may stand.
    """
    _check_depth(text, depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer if is_exact else _any_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise NotStrict(
            f"This is not JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}."
        ) from error
    _check_text(value, "")
    return value


def _check_depth(text: str, limit: int) -> None:
    depth = 0
    for found in STRING_OR_BRACKET.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > limit:
                raise NotStrict(f"This is nested deeper than {limit} levels.")
        elif found[0] in ("]", "}"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise NotStrict(f"The key {_shown(key)} stands twice in one object.")
        made[key] = value
    return made


def _constant(name: str) -> NoReturn:
    raise NotStrict(f"{name} is not JSON. Give a number.")


def _integer(text: str) -> int:
    # Longer than any exact number: not even parsed, since that costs quadratic time.
    if len(text) > 17 or abs(int(text)) > EXACT:
        raise NotStrict(
            f"The number {text[:20]}… is larger than gateways keep exactly "
            f"(±{EXACT}). Give it as text or make it smaller."
        )
    return int(text)


def _any_integer(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        raise NotStrict(f"The number {text[:20]}… has too many digits.")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise NotStrict(f"The number {text[:20]} is too large.")
    return number


def _check_text(value: Any, path: str) -> None:
    """Refuse text that some database or gateway cannot keep as it is."""
    if isinstance(value, dict):
        for key, one in value.items():
            at = f"{path}.{_shown(key)}" if path else _shown(key)
            _check_text(key, at)
            _check_text(one, at)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _check_text(one, f"{path}.{index}")
    elif isinstance(value, str):
        if "\x00" in value:
            raise NotStrict("It holds a NUL character. Take it out.", path)
        if SURROGATE.search(value):
            raise NotStrict("It holds half of a surrogate pair. Take it out.", path)


def _shown(key: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in key[:80])
