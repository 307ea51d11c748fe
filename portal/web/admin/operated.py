"""Forms and actions of the back office that call operations."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.accounts.models import PolicyChange
from portal.errors import GatehouseError

Row = TypeVar("Row")


class Operated:
    """Forms here call operations; a refusal becomes a message, and nothing is saved."""

    def changeform_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return _in_words(request, super().changeform_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return _in_words(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return _in_words(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]


def _in_words(
    request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except GatehouseError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(request.get_full_path())


def on_each(
    request: HttpRequest,
    rows: Iterable[Row],
    operate: Callable[[Row], object],
    *,
    name: Callable[[Row], str] = str,
    done: str = "%(row)s",
) -> None:
    """Run an operation on each row and say of each how it went: `done` of its name.

    One that is refused stops no other; what became of a change of policy it says itself.
    """
    for row in rows:
        try:
            made = operate(row)
        except GatehouseError as error:
            messages.error(request, f"{name(row)}: {error}")
        else:
            if isinstance(made, PolicyChange):
                messages.success(request, f"{name(row)}: {made.outcome}")
            else:
                messages.success(request, done % {"row": name(row)})
