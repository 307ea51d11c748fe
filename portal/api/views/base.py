"""What all views of the API share."""

import hashlib
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.api.auth import actor_of
from portal.api.wire import LengthRequired
from portal.wire.operation import Operation


class ApiView(APIView):
    """A view for programs. `verbs` says what a method does; reading, if not named."""

    verbs: ClassVar[dict[str, Verb]] = {}

    @property
    def default_response_headers(self) -> dict[str, str]:
        # What one person may see must not stay in a shared cache.
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        made = super().finalize_response(request, response, *args, **kwargs)
        if request.method in {"GET", "HEAD"} and isinstance(made, Response):
            made.add_post_render_callback(partial(conditional, request._request))
        return made

    @property
    def verb(self) -> Verb:
        method = self.request.method or ""
        done = getattr(getattr(self, method.lower(), None), "operation", None)
        if isinstance(done, Operation):
            return done.verb
        return self.verbs.get(method, Verb.READ)

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    @property
    def person(self) -> Person:
        """The token's person; without one no method is reached."""
        person = self.actor.person
        if person is None:
            raise NotAuthenticated
        return person

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get(
            "CONTENT_LENGTH"
        ):
            # A chunked body would be taken for none.
            raise LengthRequired("Send the body with a Content-Length.")


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse | None:
    """Name what was read, and answer 304 to whoever has it already (RFC 9110, 13)."""
    if response.status_code != HTTPStatus.OK:
        return None
    # A program may keep its own answer if it asks each time whether that still holds.
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Authorization"])
    response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    return get_conditional_response(request, etag=response["ETag"], response=response)


class Nowhere(APIView):
    """Any address below /api/ that does not exist: 404 for everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is no such address in this API. See /api/docs.")

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise NotFound

    post = put = patch = delete = get


def checked(
    body: type[serializers.Serializer[Any]], request: Request, **context: Any
) -> dict[str, Any]:
    """Return the request's body once it has the form of `body`. Raises ValidationError."""
    form = body(data=request.data, context=context)
    form.is_valid(raise_exception=True)
    fields: dict[str, Any] = form.validated_data
    return fields
