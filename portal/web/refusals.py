"""Refusals that Django makes before a view of ours is asked."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from portal.web.pages import refusal


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that does not prove it came from our page."""
    return refusal(
        request,
        403,
        gettext(
            "This form is too old or did not come from this page, so nothing was done. Go "
            "back, reload the page and send it again. Cookies must be allowed."
        ),
    )
