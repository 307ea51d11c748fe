"""Read YAML as plain JSON values, and remember in which line they began. Pure.

Plain words mean what YAML 1.2 says (https://yaml.org/spec/1.2.2/#103-core-schema):
`yes`, `on` and `2026-01-31` are texts.

Anchors that are used again, tags and merge keys are refused: a small file could stand
for a huge one, and a reviewer would not see what is meant where it is meant.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml

from gateway.canonical import number_form
from gateway.formats.errors import FormatError

DEPTH_LIMIT = 50
VALUES_LIMIT = 1_000_000
# No number that a gateway can hold has more digits.
DIGITS_LIMIT = 400
# So deep lines are remembered: services.3.routes.7 and what hangs on it.
PLACED_DEPTH = 5
TOLD_EVERY = 20_000

INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

NOT_KEPT = object()

Place = tuple[str | int, ...]
# Told which part of the file is read: 0 to 1.
Progress = Callable[[float], None]


class Lines(dict[Place, int]):
    """In which line each place of a file begins, down to a certain depth."""

    def of(self, *place: str | int) -> int:
        """Return the line of a place, or of the nearest that is known around it."""
        for end in range(len(place), -1, -1):
            if place[:end] in self:
                return self[place[:end]]
        return 0


def decoded(source: bytes) -> str:
    """Return the text of a file. Raises FormatError unless it is UTF-8."""
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if source.startswith(mark):
            raise FormatError("The file is in UTF-16. Save it as UTF-8.")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"The byte 0x{source[error.start]:02x} is not UTF-8. Save the file as UTF-8.",
            line=line,
        ) from error
    if not text.strip():
        raise FormatError("The file is empty.")
    return text


def read_yaml(source: bytes, *, progress: Progress | None = None) -> tuple[Any, Lines]:
    """Return the value of a YAML file and where its parts begin. Raises FormatError."""
    text = decoded(source)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        events: Iterable[Any] = yaml.parse(text, Loader=loader)
        for count, event in enumerate(events):
            builder.take(event)
            if progress is not None and count % TOLD_EVERY == 0:
                progress(event.start_mark.index / len(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormatError(
            f"This is no YAML: {error.problem or error.context}.",
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
        ) from error
    except yaml.reader.ReaderError as error:
        # `position` counts characters or bytes; the text tells the line.
        line = _line_of(text, error)
        raise FormatError(
            "A control character stands here, which YAML does not allow. Take it out.",
            line=line,
        ) from error
    return builder.value, builder.lines


def _line_of(text: str, error: yaml.reader.ReaderError) -> int:
    character = error.character
    code = character if isinstance(character, int) else ord(character[:1] or "\0")
    at = text.find(chr(code))
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


class _Builder:
    """Builds one plain value from YAML's events, without recursion."""

    def __init__(self) -> None:
        self.value: Any = None
        self.lines = Lines()
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        self._place: list[str | int] = []
        self._documents = self._values = 0

    def take(self, event: Any) -> None:
        """Add what one event says. Raises FormatError."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
            self._after()
        elif isinstance(event, yaml.AliasEvent):
            raise _at(event, "Aliases (*name) are not read. Write the value out here.")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _at(event, "A second document begins here (---). Give one only.")

    def _scalar(self, event: Any) -> None:
        _refuse_tag(event)
        is_plain = event.implicit[0]
        if self._awaits_key():
            if is_plain and event.value == "<<":
                raise _at(
                    event, "Merge keys (<<) are not read. Write the values out here."
                )
            self._key(event.value, event)
            return
        self._put(_plain(event) if is_plain else event.value, event)
        self._after()

    def _begin(self, event: Any) -> None:
        _refuse_tag(event)
        if self._awaits_key():
            raise _at(event, "A key must be a text.")
        if len(self._open) >= DEPTH_LIMIT:
            raise _at(event, f"It nests deeper than {DEPTH_LIMIT} levels here.")
        is_list = isinstance(event, yaml.SequenceStartEvent)
        made: dict[str, Any] | list[Any] = [] if is_list else {}
        self._put(made, event)
        self._open.append(made)
        self._keys.append(None)

    def _awaits_key(self) -> bool:
        return (
            bool(self._open)
            and isinstance(self._open[-1], dict)
            and self._keys[-1] is None
        )

    def _key(self, key: str, event: Any) -> None:
        if key in self._open[-1]:
            raise _at(event, f"The key {shown(key)} stands twice in one object.")
        self._keys[-1] = key

    def _put(self, value: Any, event: Any) -> None:
        self._values += 1
        if self._values > VALUES_LIMIT:
            raise _at(
                event, f"The file holds more than {VALUES_LIMIT:,} values. Split it."
            )
        if not self._open:
            self.value = value
        else:
            holder = self._open[-1]
            if isinstance(holder, list):
                self._place.append(len(holder))
                holder.append(value)
            else:
                key = self._keys[-1] or ""
                self._place.append(key)
                holder[key] = value
        if len(self._place) <= PLACED_DEPTH:
            self.lines[tuple(self._place)] = event.start_mark.line + 1

    def _after(self) -> None:
        """Leave the place of a value that is whole."""
        if self._place:
            self._place.pop()
        if self._keys:
            self._keys[-1] = None


def _refuse_tag(event: Any) -> None:
    if event.tag is not None and event.tag != "!":
        raise _at(
            event,
            f"Tags are not read. Take {shown(str(event.tag))} out and write the value.",
        )


def _plain(event: Any) -> Any:
    text: str = event.value
    if NO_NUMBER.fullmatch(text):
        raise _at(event, f"{text} is no number that JSON has. Give another.")
    value = meaning(text)
    if value is NOT_KEPT or (isinstance(value, int) and number_form(value) != value):
        raise _at(
            event,
            f"The number {text[:20]} has more digits than gateways keep (14). Make it "
            "shorter or put it in quotes.",
        )
    if value in (float("inf"), float("-inf")):
        raise _at(event, f"The number {text[:20]} is too large.")
    return value


def meaning(text: str) -> Any:
    """Return what a plain word means: null, a boolean, a number, else the text.

    NOT_KEPT for a number that no gateway can hold.
    """
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text) or OTHER_BASE.fullmatch(text):
        # int() takes quadratic time.
        return int(text, 0) if len(text) <= DIGITS_LIMIT else NOT_KEPT
    if FLOAT.fullmatch(text) and not LEADING_ZERO.fullmatch(text):
        return float(text)
    return text


def shown(text: str) -> str:
    """Return a text of the file so that it can stand in a message."""
    kept = "".join(char if char.isprintable() else "\ufffd" for char in text[:80])
    return f'"{kept}…"' if len(text) > 80 else f'"{kept}"'


def _at(event: Any, message: str) -> FormatError:
    mark = event.start_mark
    return FormatError(message, line=mark.line + 1, column=mark.column + 1)
