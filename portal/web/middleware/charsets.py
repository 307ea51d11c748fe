"""Requests that say to be written in something else than UTF-8.

Django decodes the address, and what a form sends, by whatever codec of Python's the
content type names: some of those raise, at any address and before any view is asked.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext

from portal.web.pages import refusal

UTF_8 = {"utf-8", "utf8"}
FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}
# The parsers there refuse it in the API's own words.
API = "/api/"


class UTF8Request(WSGIRequest):
    """A request that is read as UTF-8; a content type that makes no sense counts as none."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            parsed = "", {}
        self.content_type, self.content_params = parsed


class Charsets:
    """Middleware: a form that says to be in anything but UTF-8 is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset") or "utf-8"
        if (
            charset.lower() not in UTF_8
            and request.content_type in FORMS
            and not request.path.startswith(API)
        ):
            words = gettext("Send the form in UTF-8, not in %(charset)r.") % {
                "charset": charset[:40]
            }
            return refusal(request, 415, words)
        return self.get_response(request)
