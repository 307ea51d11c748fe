"""JSON in and out: a strict reader and a fast writer.

Strict, because what is read here may end up in a gateway: whatever JSON parsers
disagree on (duplicate keys, NaN, numbers beyond a double's 53 bits, lone surrogates)
would be reviewed as one thing and delivered as another.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

DEPTH_LIMIT = 50
EXACT = 2**53 - 1
# A client whose body is refused unread may see a reset instead of the answer.
DRAIN_LIMIT = 8 * 1024 * 1024
CHUNK = 64 * 1024
STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
SURROGATE = re.compile("[\ud800-\udfff]")


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class LengthRequired(APIException):
    status_code = 411
    default_code = "length_required"


class WrongCharset(APIException):
    status_code = 415
    default_code = "unsupported_media_type"


class StrictJSON(BaseParser):
    """`application/json`: one JSON object, in UTF-8."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object. Raises ParseError, TooLarge or WrongCharset with words."""
        request = (parser_context or {})["request"]
        charset = _charset(media_type or "")
        if charset not in {"", "utf-8", "utf8"}:
            raise WrongCharset(f"Send JSON in UTF-8, not in {charset[:40]!r}.")
        return read_object(read_body(request, stream))


class StrictMergePatch(StrictJSON):
    """`application/merge-patch+json` (RFC 7396); the body is read the same way."""

    media_type = "application/merge-patch+json"


def _charset(media_type: str) -> str:
    found = re.search(r'charset\s*=\s*"?([^\s";]+)', media_type, re.IGNORECASE)
    return found[1].lower() if found else ""


def read_body(request: Request, stream: Any) -> bytes:
    """Return the whole body. Raises TooLarge once it passes the limit."""
    limit: int = settings.API_BODY_LIMIT
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    body = b"" if length > limit else stream.read(limit + 1)
    if length > limit or len(body) > limit:
        drain(stream)
        raise TooLarge(
            f"The body is larger than {limit:,} bytes. Split the change into smaller ones."
        )
    return bytes(body)


def drain(stream: Any) -> None:
    """Read and forget the rest of a refused body, up to a limit."""
    for _ in range(DRAIN_LIMIT // CHUNK):
        if not stream.read(CHUNK):
            return


def read_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object strictly. Raises ParseError that says what to mend."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8 (byte {error.start}).") from error
    if text.startswith("\ufeff"):
        raise ParseError("The body begins with a byte order mark. Leave it out.")
    _check_depth(body)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise ParseError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column "
            f"{error.colno}."
        ) from error
    if not isinstance(value, dict):
        raise ParseError('The body must be a JSON object, like {"reason": …}.')
    _check_text(value, "")
    return value


def _check_depth(body: bytes) -> None:
    depth = 0
    for found in STRING_OR_BRACKET.finditer(body):
        if found[0] in (b"[", b"{"):
            depth += 1
            if depth > DEPTH_LIMIT:
                raise ParseError(
                    f"The body is nested deeper than {DEPTH_LIMIT} levels."
                )
        elif found[0] in (b"]", b"}"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ParseError(f"The key {_shown(key)} stands twice in one object.")
        made[key] = value
    return made


def _constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON. Give a number.")


def _integer(text: str) -> int:
    # Longer than any exact number: not even parsed, since that costs quadratic time.
    if len(text) > 17 or abs(int(text)) > EXACT:
        raise ParseError(
            f"The number {text[:20]}… is larger than gateways keep exactly "
            f"(±{EXACT}). Give it as text or make it smaller."
        )
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ParseError(f"The number {text[:20]} is too large.")
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
            raise TextRefused("It holds a NUL character. Take it out.", path)
        if SURROGATE.search(value):
            raise TextRefused("It holds half of a surrogate pair. Take it out.", path)


class TextRefused(ParseError):
    """A text in the body is refused; `field` is its dotted path."""

    def __init__(self, detail: str, field: str) -> None:
        super().__init__(detail)
        self.field = field


def _shown(key: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in key[:80])


class JSONAnswer(BaseRenderer):
    """UTF-8 JSON by orjson; datetimes become ISO 8601 with Z."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dump(data)


def dump(value: Any) -> bytes:
    """Return `value` as compact JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


class AlwaysJSON(BaseContentNegotiation):
    """Answer JSON whatever `Accept` says: an agent's guess there must not be an error."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = (request.content_type or "").partition(";")[0].strip().lower()
        for parser in parsers:
            if parser.media_type == wanted:
                return parser
        return None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
