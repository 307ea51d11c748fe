"""JSON as APISIX's decoder (lua-cjson) reads it, with its words for what is wrong.

Numbers are doubles there: `1.0` is the integer 1, and integers beyond 2^53 lose
digits. Both matter, since what was written is compared with what is read back.
"""

import json
import re
from typing import Any

import orjson

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:(?P<obj_begin>\{)|(?P<obj_end>\})|(?P<arr_begin>\[)|(?P<arr_end>\])
    |(?P<comma>,)|(?P<colon>:)|(?P<string>"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?))
    |(?P<boolean>true|false)|(?P<null>null)|(?P<end>\Z))""",
    re.VERBOSE,
)

_STRING_PART = re.compile(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')

_NAMES = {
    "obj_begin": "T_OBJ_BEGIN",
    "obj_end": "T_OBJ_END",
    "arr_begin": "T_ARR_BEGIN",
    "arr_end": "T_ARR_END",
    "comma": "T_COMMA",
    "colon": "T_COLON",
    "string": "T_STRING",
    "number": "T_NUMBER",
    "boolean": "T_BOOLEAN",
    "null": "T_NULL",
    "end": "T_END",
}
_VALUES = frozenset({"string", "number", "boolean", "null"})


class DecodeError(ValueError):
    """The text is no JSON; the words are lua-cjson's."""


def decode(text: bytes) -> Any:
    """Return the value of a JSON text. Raises DecodeError."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        _complain(text.decode("utf-8", "surrogateescape"))
        # What this scanner accepts and orjson does not: line breaks inside strings,
        # invalid UTF-8, lone surrogates.
        try:
            value = json.loads(text.decode("utf-8", "replace"), strict=False)
        except json.JSONDecodeError as error:
            raise DecodeError(str(error)) from error
    return doubles(value)


def doubles(value: Any) -> Any:
    """Return the value with its numbers as a Lua program holds them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else int(float(value))
    if isinstance(value, dict):
        return {key: doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [doubles(item) for item in value]
    return value


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def _complaint(self, start: int) -> tuple[str, int]:
        if self._text[start : start + 1] != '"':
            return "invalid token", start + 1
        # A string that does not close, or that holds an escape that means nothing.
        match = _STRING_PART.match(self._text, start + 1)
        end = match.end() if match else start + 1
        if end >= len(self._text):
            return "unexpected end of string", len(self._text) + 1
        if self._text[end + 1 : end + 2] == "u":
            return "invalid unicode escape code", end + 1
        return "invalid escape code", end + 1

    def next(self) -> tuple[str, int]:
        """Return (lexeme, its 1-based place), or (what is wrong, its place)."""
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            blank = re.compile(r"[ \t\r\n]*").match(self._text, self._position)
            start = blank.end() if blank else self._position
            return self._complaint(start)
        lexeme = str(match.lastgroup)
        place = match.start(lexeme) + 1
        self._position = match.end()
        return lexeme, place


def _complain(text: str) -> None:
    scanner = _Scanner(text)
    lexeme, place = scanner.next()
    _value(scanner, lexeme, place)
    lexeme, place = scanner.next()
    if lexeme != "end":
        raise _wrong("the end", lexeme, place)


def _value(scanner: _Scanner, lexeme: str, place: int) -> None:
    if lexeme in _VALUES:
        return
    if lexeme == "obj_begin":
        _object(scanner)
    elif lexeme == "arr_begin":
        _array(scanner)
    else:
        raise _wrong("value", lexeme, place)


def _object(scanner: _Scanner) -> None:
    lexeme, place = scanner.next()
    if lexeme == "obj_end":
        return
    while True:
        if lexeme != "string":
            raise _wrong("object key string", lexeme, place)
        lexeme, place = scanner.next()
        if lexeme != "colon":
            raise _wrong("colon", lexeme, place)
        _value(scanner, *scanner.next())
        lexeme, place = scanner.next()
        if lexeme == "obj_end":
            return
        if lexeme != "comma":
            raise _wrong("comma or object end", lexeme, place)
        lexeme, place = scanner.next()


def _array(scanner: _Scanner) -> None:
    lexeme, place = scanner.next()
    if lexeme == "arr_end":
        return
    while True:
        _value(scanner, lexeme, place)
        lexeme, place = scanner.next()
        if lexeme == "arr_end":
            return
        if lexeme != "comma":
            raise _wrong("comma or array end", lexeme, place)
        lexeme, place = scanner.next()


def _wrong(expected: str, lexeme: str, place: int) -> DecodeError:
    # What is no lexeme at all is its own complaint.
    found = _NAMES.get(lexeme, lexeme)
    return DecodeError(f"Expected {expected} but found {found} at character {place}")
