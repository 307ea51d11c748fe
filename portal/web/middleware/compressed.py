"""Send pages compressed: a long one is a tenth of its length on the wire."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from portal.web.middleware.headers import is_page


class CompressedPages(GZipMiddleware):
    """Middleware: compress pages alone.

    What programs are sent stays as it is: streams go out as they come. Each answer
    gets a random length, and Django masks the forms' token anew each time, so that
    lengths tell nothing of what is secret (Django's answer to the BREACH attack).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming or not is_page(response):
            return response
        return super().process_response(request, response)
