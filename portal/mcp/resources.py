"""What one may read by URI: routes and changes, as the tools tell them."""

import re
from typing import Any
from urllib.parse import quote, unquote

from django.db.models import Q

from gateway.models import Resource
from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.changes.models import ChangeRequest
from portal.mcp.caller import Caller
from portal.wire.answers.changes import words
from portal.wire.encode import dump
from portal.wire.operation import Given, person_of
from portal.wire.operations.changes import GET_CHANGE, LARGEST
from portal.wire.operations.routes import GET_ROUTE_BY_ID
from portal.wire.paging import make_cursor, read_cursor

JSON = "application/json"
PAGE, COMPLETIONS, URI_LIMIT = 50, 100, 1_000
ROUTE_TEMPLATE = "gatehouse://gateways/{slug}/routes/{id}"
CHANGE_TEMPLATE = "gatehouse://changes/{number}"
ROUTE_URI = re.compile(r"gatehouse://gateways/([^/?#]+)/routes/([^/?#]+)")
CHANGE_URI = re.compile(r"gatehouse://changes/([0-9]{1,19})")

TEMPLATES: list[dict[str, Any]] = [
    {
        "uriTemplate": ROUTE_TEMPLATE,
        "name": "route",
        "title": "A route of a gateway",
        "description": "As get_route_by_id tells it: what really applies, and the latest changes.",
        "mimeType": JSON,
    },
    {
        "uriTemplate": CHANGE_TEMPLATE,
        "name": "change",
        "title": "A change",
        "description": "As get_change tells it: where it stands, what it does, who said what.",
        "mimeType": JSON,
    },
]


def route_uri(slug: str, route_id: str) -> str:
    return (
        f"gatehouse://gateways/{quote(slug, safe='')}/routes/{quote(route_id, safe='')}"
    )


def listed(cursor: str | None, caller: Caller) -> dict[str, Any]:
    """Return a page: all routes by gateway and id, then all changes, newest first."""
    after = read_cursor("mcp-resources", cursor) or ["route", "", ""]
    page: list[tuple[list[Any], dict[str, Any]]] = []
    if after[0] == "route":
        page += _routes(after[1], after[2], caller.actor)
        after = ["change", LARGEST]
    if len(page) <= PAGE:
        page += _changes(after[1], PAGE + 1 - len(page), caller.actor)
    told: dict[str, Any] = {"resources": [one for _, one in page[:PAGE]]}
    if len(page) > PAGE:
        told["nextCursor"] = make_cursor("mcp-resources", page[PAGE - 1][0])
    return told


def _routes(slug: str, route_id: str, actor: Actor) -> list[Any]:
    rows = (
        Resource.objects.filter(kind="route", gateway__in=person_of(actor).gateways())
        .filter(
            Q(gateway__slug__gt=slug) | Q(gateway__slug=slug, resource_id__gt=route_id)
        )
        .select_related("gateway")
        .only("resource_id", "gateway__slug", "kind")
        .order_by("gateway__slug", "resource_id")
    )
    return [
        (
            ["route", row.gateway.slug, row.resource_id],
            {
                "uri": route_uri(row.gateway.slug, row.resource_id),
                "name": row.resource_id,
                "title": f"Route {row.resource_id} on gateway {row.gateway.slug}",
                "mimeType": JSON,
            },
        )
        for row in rows[: PAGE + 1]
    ]


def _changes(number: int, limit: int, actor: Actor) -> list[Any]:
    rows = ChangeRequest.objects.visible_to(person_of(actor)).filter(number__lt=number)
    return [
        (
            ["change", change.number],
            {
                "uri": f"gatehouse://changes/{change.number}",
                "name": f"change-{change.number}",
                "title": words(f"Change #{change.number}: {change.summary}", 300),
                "mimeType": JSON,
            },
        )
        for change in rows.order_by("-number").only("number", "summary")[:limit]
    ]


def read(uri: str, caller: Caller) -> dict[str, Any]:
    """Return what is there. Raises what the tools raise, NotVisible for other URIs."""
    if found := ROUTE_URI.fullmatch(uri[:URI_LIMIT]):
        slug, route_id = (unquote(part) for part in found.groups())
        given = Given(path={"id": route_id}, query={"gateway": slug})
        told = GET_ROUTE_BY_ID.run(caller.actor, given).body
    elif found := CHANGE_URI.fullmatch(uri[:URI_LIMIT]):
        given = Given(path={"number": int(found[1])}, query={})
        told = GET_CHANGE.run(caller.actor, given).body
    else:
        raise NotVisible(
            f"There is no resource {uri[:80]!r}. Its URI is {ROUTE_TEMPLATE} or "
            f"{CHANGE_TEMPLATE}.",
            field="uri",
        )
    return {"contents": [{"uri": uri, "mimeType": JSON, "text": dump(told).decode()}]}


def gateways_beginning(text: str, caller: Caller) -> list[str]:
    """Return slugs that complete what is written so far."""
    rows = person_of(caller.actor).gateways().filter(slug__startswith=text)
    return list(rows.order_by("slug").values_list("slug", flat=True)[:COMPLETIONS])


def routes_beginning(text: str, slug: str, caller: Caller) -> list[str]:
    """Return ids of routes that complete it; of every gateway when `slug` is empty."""
    rows = Resource.objects.filter(
        kind="route",
        gateway__in=person_of(caller.actor).gateways(),
        resource_id__startswith=text,
    )
    if slug:
        rows = rows.filter(gateway__slug=slug)
    ids = rows.order_by("resource_id").values_list("resource_id", flat=True)
    return list(ids.distinct()[:COMPLETIONS])


def changes_beginning(text: str, caller: Caller) -> list[str]:
    """Return numbers of the newest changes that complete it."""
    rows = ChangeRequest.objects.visible_to(person_of(caller.actor))
    newest = rows.order_by("-number").values_list("number", flat=True)[:1_000]
    return [str(one) for one in newest if str(one).startswith(text)][:COMPLETIONS]
