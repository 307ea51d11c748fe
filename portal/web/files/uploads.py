"""Pages that take a file: too large a one is refused before any of it is kept."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from portal.web.pages import refusal

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
# What the fields beside the file may take.
FIELDS_LIMIT = 64 * 1024
# A browser that is refused unread shows no answer, so as much is read and forgotten.
DRAIN_LIMIT, CHUNK = 64 * 1024 * 1024, 64 * 1024


def takes_file(view: View[P]) -> View[P]:
    """Let a page take a file of at most IMPORT_LIMIT bytes.

    The proof that a form is ours stands in the form itself, so Django would read all of
    it to find out: the length is looked at before.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def bounded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > settings.IMPORT_LIMIT + FIELDS_LIMIT:
            for _ in range(DRAIN_LIMIT // CHUNK):
                if not request.read(CHUNK):
                    break
            return refusal(
                request,
                413,
                gettext(
                    "The file is larger than %(import_limit)s bytes, so nothing was done. "
                    "Split it into smaller ones."
                )
                % {"import_limit": f"{settings.IMPORT_LIMIT:,}"},
            )
        return protected(request, *args, **kwargs)

    return bounded
