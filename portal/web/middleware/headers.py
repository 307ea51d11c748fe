"""Headers that every answer of ours carries: what a page may load and be used for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # The admin's own style sheets hold small pictures as data.
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
# What no page of ours asks a browser for.
REFUSED = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
PERMISSIONS = ", ".join(f"{name}=()" for name in REFUSED)


class PageHeaders:
    """Middleware: no page of ours runs a line of script that is not a file of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A view that needs less strictness (an API's documentation) says so itself.
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if getattr(request, "htmx", False) or is_page(response):
            patch_vary_headers(response, ["HX-Request"])
        return response


def is_page(response: HttpResponseBase) -> bool:
    """Whether an answer is for people to read."""
    return response.headers.get("Content-Type", "").startswith("text/html")
