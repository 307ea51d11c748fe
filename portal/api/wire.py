"""JSON in and out: bodies read within their limits, answers written fast."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from portal import strict_json
from portal.bodies import drain
from portal.wire.encode import dump

# What the fields beside an uploaded file may take.
FIELDS_LIMIT = 64 * 1024
# So many times longer a text becomes, at most, once quotes and line ends are escaped.
WRITTEN_AS_TEXT = 2
DOCUMENT_DEPTH = 100


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
        return self.read(request, stream)

    def read(self, request: Request, stream: Any) -> dict[str, Any]:
        """Return the object that a body in UTF-8 says."""
        return read_object(read_body(request, stream, settings.API_BODY_LIMIT))


class WithDocument(StrictJSON):
    """`application/json` with a whole document in it, as text or as it is."""

    def read(self, request: Request, stream: Any) -> dict[str, Any]:
        limit = WRITTEN_AS_TEXT * settings.IMPORT_LIMIT + FIELDS_LIMIT
        body = read_body(request, stream, limit)
        return read_object(body, depth=DOCUMENT_DEPTH, is_exact=False)


class StrictMergePatch(StrictJSON):
    """`application/merge-patch+json` (RFC 7396); the body is read the same way."""

    media_type = "application/merge-patch+json"


class Upload(MultiPartParser):
    """`multipart/form-data`: a file and the fields beside it, within the limit."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return fields and files. Raises TooLarge or WrongCharset before any is kept."""
        request = (parser_context or {})["request"]
        charset = _charset(media_type or "")
        if charset not in {"", "utf-8", "utf8"}:
            raise WrongCharset(f"Send the form in UTF-8, not in {charset[:40]!r}.")
        check_size(int(request.META.get("CONTENT_LENGTH") or 0) - FIELDS_LIMIT)
        return super().parse(stream, media_type, parser_context)


def check_size(size: int) -> None:
    """Raise TooLarge for a file that is larger than the limit, in bytes."""
    if size > settings.IMPORT_LIMIT:
        raise TooLarge(
            f"The file is larger than {settings.IMPORT_LIMIT:,} bytes. Split it into "
            "smaller ones."
        )


def _charset(media_type: str) -> str:
    found = re.search(r'charset\s*=\s*"?([^\s";]+)', media_type, re.IGNORECASE)
    return found[1].lower() if found else ""


def read_body(request: Request, stream: Any, limit: int) -> bytes:
    """Return the whole body. Raises TooLarge once it passes the limit, in bytes."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    body = b"" if length > limit else stream.read(limit + 1)
    if length > limit or len(body) > limit:
        drain(stream)
        raise TooLarge(
            f"The body is larger than {limit:,} bytes. Split the change into smaller ones."
        )
    return bytes(body)


def read_object(body: bytes, **how: Any) -> dict[str, Any]:
    """Parse a JSON object strictly. Raises BadJSON that says what to mend."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadJSON(f"The body is not UTF-8 (byte {error.start}).") from error
    if text.startswith("\ufeff"):
        raise BadJSON("The body begins with a byte order mark. Leave it out.")
    try:
        return strict_json.read_object(text, **how)
    except strict_json.NotStrict as error:
        raise BadJSON(str(error), error.field) from error


class BadJSON(ParseError):
    """The body is refused; `field` is the dotted path of what is wrong in it."""

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.field = field


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
