"""Routes: read them, and ask for new, other or fewer ones."""

from gateway.kinds import KINDS
from portal.accounts.actor import Actor
from portal.accounts.which_gateway import choose_gateway
from portal.changes.asked import ItemAsked
from portal.changes.propose import propose
from portal.wire import examples
from portal.wire.answers.changes import latest_changes
from portal.wire.answers.resources import effective_of, resource
from portal.wire.answers.shapes import ResourcePage, RouteAnswer
from portal.wire.filing import asked_for
from portal.wire.inputs.change import CreateRouteBody, UpdateRouteBody
from portal.wire.inputs.query import DeleteQuery, GatewayQuery, ResourcesQuery
from portal.wire.operation import (
    ONE,
    Answer,
    Given,
    InPath,
    Operation,
    filed_answer,
    filing,
    person_of,
)
from portal.wire.operations.resources import check_id, find, page_of_kind

ROUTE = KINDS["route"]
ROUTE_ID = InPath(name="id", words="A route's id.", example=examples.ROUTE_ID)


def _get_all_routes(actor: Actor, given: Given) -> Answer:
    return page_of_kind(ROUTE, given, actor)


def _get_route_by_id(actor: Actor, given: Given) -> Answer:
    query = GatewayQuery.of(given.query)
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    route_id = given.path["id"]
    row = find(gateway, ROUTE, route_id)
    told = resource(row, gateway)
    effective, was_cut = effective_of(row, gateway)
    answer = {
        "gateway": gateway.slug,
        "as_of": gateway.mirrored_at,
        "route": told["document"],
        "effective": effective,
        "changes": latest_changes(gateway, "route", route_id, person_of(actor)),
        "url": told["url"],
    }
    if was_cut or "note" in told:
        answer["note"] = f"It is too long for one answer; all of it: {told['url']}"
    return Answer(body=answer)


def _create_route(actor: Actor, given: Given) -> Answer:
    body = given.checked(CreateRouteBody, actor)
    item = ItemAsked(
        action="create", kind="route", document=body["route"], document_field="route"
    )
    return filed_answer(propose(asked_for([item], body, given, actor), actor=actor))


def _update_route(actor: Actor, given: Given) -> Answer:
    check_id(ROUTE, given.path["id"])
    body = given.checked(UpdateRouteBody, actor)
    item = ItemAsked(
        action="update",
        kind="route",
        id=given.path["id"],
        document=body["route"],
        document_field="route",
    )
    return filed_answer(propose(asked_for([item], body, given, actor), actor=actor))


def _delete_route(actor: Actor, given: Given) -> Answer:
    check_id(ROUTE, given.path["id"])
    query = DeleteQuery.of(given.query)
    item = ItemAsked(action="delete", kind="route", id=given.path["id"])
    return filed_answer(propose(asked_for([item], query, given, actor), actor=actor))


GET_ALL_ROUTES = Operation(
    id="getAllRoutes",
    title="List the gateway's routes",
    words="Routes of a gateway, summarised: which paths, hosts and methods each takes, "
    "where it goes and which plugins it has. Filter by words, host, uri, plugin or label; "
    "go on with cursor. As last read from the gateway (as_of).",
    query=ResourcesQuery,
    errors=ONE,
    run=_get_all_routes,
    answer=ResourcePage,
    answer_words="A page of routes.",
    answer_example=examples.page(
        examples.ROUTE_SUMMARY, gateway="default", kind="route"
    ),
)
GET_ROUTE_BY_ID = Operation(
    id="getRouteById",
    title="Read one route",
    words="One route as last read from the gateway (as_of), with the upstream and "
    "plugins that really apply (its own over its plugin config over its service, and where "
    "each comes from) and the latest changes that touch it. Secrets are redacted.",
    path=(ROUTE_ID,),
    query=GatewayQuery,
    errors=ONE,
    run=_get_route_by_id,
    answer=RouteAnswer,
    answer_words="The route.",
    answer_example={
        "gateway": "default",
        "as_of": examples.AS_OF,
        "route": examples.STORED,
        "effective": {
            "hosts": [],
            "upstream": examples.STORED["upstream"],
            "upstream_from": "route",
            "plugins": [],
            "missing": [],
        },
        "changes": [examples.BRIEF],
        "url": f"https://gatehouse.example.com/gateways/default/routes/{examples.ROUTE_ID}",
    },
)
CREATE_ROUTE = filing(
    "createRoute",
    title="Ask for a new route",
    words="Files a change that creates a route. Nothing goes live until a person "
    "approves it in the portal: tell the user the change number and link of the answer. "
    "Try previewChange first when unsure.",
    body=CreateRouteBody,
    body_example={"reason": examples.REASON, "route": examples.ROUTE},
    run=_create_route,
)
UPDATE_ROUTE = filing(
    "updateRoute",
    title="Ask for a change of a route",
    words="Files a change that updates a route: give only what changes (JSON merge "
    "patch; null removes a field; lists and nodes are replaced whole). Nothing goes live "
    "until a person approves it: tell the user the change number and link.",
    path=(ROUTE_ID,),
    body=UpdateRouteBody,
    body_types=("application/json", "application/merge-patch+json"),
    body_example={
        "reason": "One client asks too often.",
        "route": {"plugins": examples.LIMIT},
    },
    run=_update_route,
)
DELETE_ROUTE = filing(
    "deleteRoute",
    title="Ask for the removal of a route",
    words="Files a change that deletes a route. Its addresses go on answering until a "
    "person approves it: tell the user the change number and link of the answer.",
    path=(ROUTE_ID,),
    query=DeleteQuery,
    run=_delete_route,
)
