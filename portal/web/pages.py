"""What all pages share: who may open them, and lists read page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from portal.accounts.models import Person
from portal.accounts.presence import carries_token
from portal.errors import GatehouseError

P = ParamSpec("P")
PAGE_SIZE = 25


class PersonRequest(HttpRequest):
    """A request of somebody signed in (for type checkers)."""

    user: Person
    htmx: Any


View = Callable[Concatenate[PersonRequest, P], HttpResponseBase]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let only signed-in people in; show a refused operation as a page of words.

    A request that brings a token is a program's, whatever cookies it has: 403.
    """

    @never_cache
    @wraps(view)
    def guarded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if carries_token(request):
            return refusal(
                request,
                403,
                gettext(
                    "This page is for people. A token opens the API and nothing else; leave "
                    "it out and sign in."
                ),
            )
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        try:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        except GatehouseError as error:
            return refusal(request, error.status, str(error))

    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        # A fragment must not become a sign-in form inside a page: load the whole.
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return redirect_to_login(request.get_full_path(), resolve_url("web:login"))


def wants_fragment(request: PersonRequest) -> bool:
    """Whether a page that is open asks for a part of itself.

    Going back in history asks for the whole again.
    """
    return bool(request.htmx) and not request.htmx.history_restore_request


def refusal(request: HttpRequest, status: int, words: str) -> HttpResponse:
    """Return a page that says what was refused and what to do."""
    return render(
        request, "refused.html", {"status": status, "words": words}, status=status
    )


@dataclass(frozen=True)
class Listed:
    """One page of a list, and the queries (`?…`) of its neighbours; "" where none."""

    rows: Sequence[Any]
    older: str
    newer: str


def listed(
    rows: "QuerySet[Model, Any]",
    request: HttpRequest,
    key: str,
    *,
    ascending: bool = False,
    size: int = PAGE_SIZE,
) -> Listed:
    """Read one page by keyset on `key`, a unique and indexed column. One query.

    `?after=` gives what follows that key in reading order, `?before=` what precedes
    it. A key that makes no sense shows the first page.
    """
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    forward, backward = ("gt", "lt") if ascending else ("lt", "gt")
    order = key if ascending else f"-{key}"
    backwards = False
    ordered = rows.order_by(order)
    after, before = _key(rows, key, given["after"]), _key(rows, key, given["before"])
    if after is not None:
        ordered = ordered.filter(**{f"{key}__{forward}": after})
    elif before is not None:
        backwards = True
        ordered = rows.order_by(f"-{key}" if ascending else key).filter(
            **{f"{key}__{backward}": before}
        )
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    first, last = (
        (getattr(found[0], key), getattr(found[-1], key)) if found else ("", "")
    )
    has_older = (backwards or more) and found
    has_newer = (after is not None or (backwards and more)) and found
    return Listed(
        rows=found,
        older=_query(request, after=last) if has_older else "",
        newer=_query(request, before=first) if has_newer else "",
    )


def _key(rows: "QuerySet[Model, Any]", name: str, text: str) -> Any:
    """Return the key as the column holds it, or None for nonsense."""
    if not text or "\x00" in text:
        return None
    if rows.model._meta.get_field(name).get_internal_type() in {
        "CharField",
        "TextField",
    }:
        return text
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _query(request: HttpRequest, **changed: Any) -> str:
    kept = {
        name: value
        for name, value in request.GET.items()
        if name not in {"after", "before"} and value
    }
    return "?" + urlencode(kept | changed)


def words_in(
    request: HttpRequest,
    name: str = "q",
    limit: int = 200,
    *,
    among: QueryDict | None = None,
) -> str:
    """Return a search text; NUL, which no database takes, is no part of it.

    Of the address, unless it is `among` the fields of a form.
    """
    return (among or request.GET).get(name, "").replace("\x00", "").strip()[:limit]
