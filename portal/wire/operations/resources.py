"""Read what a gateway holds, of any kind, from the mirror."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from gateway.effective import texts
from gateway.kinds import KINDS, Kind
from gateway.models import Gateway, Resource
from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.accounts.which_gateway import choose_gateway
from portal.changes.errors import Malformed, NoSuchResource
from portal.wire import examples
from portal.wire.answers.changes import latest_changes
from portal.wire.answers.fit import page_of
from portal.wire.answers.resources import resource, summary
from portal.wire.answers.shapes import ResourceAnswer, ResourcePage
from portal.wire.inputs.query import GatewayQuery, ResourcesQuery, page_size
from portal.wire.operation import ONE, Answer, Given, InPath, Operation, person_of
from portal.wire.paging import make_cursor, read_cursor

KIND = InPath(
    name="kind",
    words="The kind of resource, singular.",
    example="upstream",
    choices=tuple(sorted(KINDS)),
)


def _list_resources(actor: Actor, given: Given) -> Answer:
    return page_of_kind(kind_named(given.path["kind"]), given, actor)


def _get_resource(actor: Actor, given: Given) -> Answer:
    query = GatewayQuery.of(given.query)
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    row = find(gateway, kind_named(given.path["kind"]), given.path["id"])
    return Answer(
        body={
            "gateway": gateway.slug,
            "as_of": gateway.mirrored_at,
            **resource(row, gateway),
            "changes": latest_changes(
                gateway, row.kind, row.resource_id, person_of(actor)
            ),
        }
    )


LIST_RESOURCES = Operation(
    id="listResources",
    title="List resources of one kind",
    words="Resources of any kind on a gateway (upstream, service, consumer, "
    "plugin_config, ssl…), summarised, filtered and paged, as last read from the gateway "
    "(as_of). For routes use getAllRoutes.",
    path=(KIND,),
    query=ResourcesQuery,
    errors=ONE,
    run=_list_resources,
    answer=ResourcePage,
    answer_words="A page of resources.",
    answer_example=examples.page(
        {
            "id": "speakers-p4w9tz",
            "name": "speakers",
            "target": "http://10.0.0.5:8000",
        },
        gateway="default",
        kind="upstream",
    ),
)
GET_RESOURCE = Operation(
    id="getResource",
    title="Read one resource of any kind",
    words="One resource with its whole document as last read from the gateway "
    "(as_of), secrets redacted, and the latest changes that touch it. For a route use "
    "getRouteById.",
    path=(
        KIND,
        InPath(
            name="id",
            words="Its id. Credentials: jack/credentials/c1. Secrets: vault/1.",
            example="speakers-p4w9tz",
        ),
    ),
    query=GatewayQuery,
    errors=ONE,
    run=_get_resource,
    answer=ResourceAnswer,
    answer_words="The resource.",
    answer_example={
        "gateway": "default",
        "as_of": examples.AS_OF,
        "kind": "upstream",
        "id": "speakers-p4w9tz",
        "document": {"id": "speakers-p4w9tz", "nodes": {"10.0.0.5:8000": 1}},
        "url": "https://gatehouse.example.com/gateways/default/upstreams/speakers-p4w9tz",
        "changes": [],
    },
)


def kind_named(name: str) -> Kind:
    """Return the kind. Raises NotVisible (404) that names the kinds there are."""
    kind = KINDS.get(name)
    if kind is None:
        raise NotVisible(
            f"There is no kind {name[:40]!r}. Use one of {', '.join(sorted(KINDS))}.",
            field="kind",
        )
    return kind


def check_id(kind: Kind, resource_id: str) -> None:
    """Raise Malformed for an id that no gateway could hold."""
    if not kind.accepts_id(resource_id):
        raise Malformed(
            f"{resource_id[:80]!r} is no id that APISIX accepts for a "
            f"{kind.title.lower()}. Use {kind.id_rule}.",
            field="id",
        )


def find(gateway: Gateway, kind: Kind, resource_id: str) -> Resource:
    """Return the mirrored resource. Raises Malformed, NoSuchResource. One query."""
    check_id(kind, resource_id)
    row = (
        Resource.objects.filter(
            gateway=gateway, kind=kind.name, resource_id=resource_id
        )
        .defer("sealed")
        .first()
    )
    if row is None:
        raise NoSuchResource(
            f"Gateway {gateway.slug} held no {kind.title.lower()} {resource_id} when it was "
            "last read. Look up its id in the list.",
            field="id",
        )
    return row


def page_of_kind(kind: Kind, given: Given, actor: Actor) -> Answer:
    """Return one page of a kind's resources."""
    query = ResourcesQuery.of(given.query)
    listing = f"resources:{kind.name}"
    after = read_cursor(listing, query.get("cursor"))
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    rows = Resource.objects.filter(gateway=gateway, kind=kind.name)
    if after is not None:
        rows = rows.filter(resource_id__gt=after)
    limit = page_size(query)
    results, last = page_of(
        narrowed(rows.order_by("resource_id").defer("sealed"), query, limit),
        limit=limit,
        shape=summary,
        key=lambda row: row.resource_id,
    )
    return Answer(
        body={
            "gateway": gateway.slug,
            "kind": kind.name,
            "results": results,
            "next": make_cursor(listing, last),
            "as_of": gateway.mirrored_at,
        }
    )


def narrowed(
    rows: "QuerySet[Resource]", query: dict[str, Any], limit: int
) -> Iterable[Resource]:
    """Return the rows that the filters keep, in order. One query, read as needed.

    The database narrows by the search text and by JSON keys; what it cannot tell
    exactly is looked at here.
    """
    for words in (query.get("search"), query.get("host"), query.get("uri")):
        if words:
            rows = rows.matching(words)  # type: ignore[attr-defined]
    if plugin := query.get("plugin"):
        rows = rows.filter(document__plugins__has_key=plugin)
    label, equals, value = (query.get("label") or "").partition("=")
    if label:
        rows = rows.filter(document__labels__has_key=label)
    if not (query.get("host") or query.get("uri") or equals):
        return rows[: limit + 1]
    return (
        row
        for row in rows.iterator(chunk_size=200)
        if _holds(row.document, ("host", "hosts"), query.get("host"))
        and _holds(row.document, ("uri", "uris"), query.get("uri"))
        and (not equals or row.document["labels"].get(label) == value)
    )


def _holds(document: dict[str, Any], names: tuple[str, ...], part: str | None) -> bool:
    return not part or any(
        part.lower() in text.lower()
        for name in names
        for text in texts(document.get(name))
    )
