"""Which gateways there are for the caller."""

from typing import Any

from django.conf import settings

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.wire import examples
from portal.wire.answers.changes import words
from portal.wire.answers.fit import page_of
from portal.wire.answers.shapes import GatewayPage
from portal.wire.inputs.query import PageQuery, page_size
from portal.wire.operation import Answer, Given, Operation, person_of
from portal.wire.paging import make_cursor, read_cursor


def _list_gateways(actor: Actor, given: Given) -> Answer:
    query = PageQuery.of(given.query)
    after = read_cursor("gateways", query.get("cursor"))
    person = person_of(actor)
    asks = set(person.gateways(Verb.ASK).values_list("pk", flat=True))
    rows = person.gateways(Verb.READ).order_by("slug")
    if after is not None:
        rows = rows.filter(slug__gt=after)
    limit = page_size(query)
    results, last = page_of(
        rows[: limit + 1],
        limit=limit,
        shape=lambda gateway: told(gateway, may_ask=gateway.pk in asks),
        key=lambda gateway: gateway.slug,
    )
    times = [row["as_of"] for row in results if row["as_of"]]
    return Answer(
        body={
            "results": results,
            "next": make_cursor("gateways", last),
            "as_of": min(times, default=None),
        }
    )


def told(gateway: Gateway, *, may_ask: bool) -> dict[str, Any]:
    """Return what a program may know of a gateway: never where its Admin API is."""
    return {
        "slug": gateway.slug,
        "title": words(gateway.title),
        "environment": words(gateway.environment),
        "public_url": gateway.public_url,
        "version": gateway.version,
        "well": gateway.is_well,
        "trouble": "It did not answer when last asked." if gateway.trouble else "",
        "as_of": gateway.mirrored_at,
        "approvals_required": gateway.approvals_required,
        "may_ask": may_ask,
        "url": f"{settings.PUBLIC_URL}/gateways/{gateway.slug}/routes/",
    }


LIST_GATEWAYS = Operation(
    id="listGateways",
    title="List the gateways the user may see",
    words="The APISIX gateways this user may see, whether each is well, and whether "
    "the user may ask for changes on it. Call it when it is not clear which gateway is "
    "meant.",
    query=PageQuery,
    answer=GatewayPage,
    answer_words="The gateways.",
    answer_example=examples.page(examples.GATEWAY),
    run=_list_gateways,
)
