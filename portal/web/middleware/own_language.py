"""Pages speak the language of whoever reads them; programs are answered in English."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from portal.web.middleware.headers import is_page

# Doors for programs, by the names of their addresses' applications.
PROGRAMS = {"api", "facade", "mcp", "oauth"}
# What stands among those for people to read.
FOR_PEOPLE = {"api:docs", "api:legal", "oauth:authorize"}


class OwnLanguage:
    """Middleware: of `LANGUAGES`, the one that the browser likes best is active.

    Unlike Django's own it knows programs, whose answers never depend on what language
    they accept; and a thread does not keep what one reader chose.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            if is_page(response):
                response.headers["Content-Language"] = translation.get_language()
                patch_vary_headers(response, ["Accept-Language"])
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Answer in English from here on where the address is for programs."""
        at = request.resolver_match
        if at and at.app_name in PROGRAMS and at.view_name not in FOR_PEOPLE:
            translation.activate(settings.LANGUAGE_CODE)
