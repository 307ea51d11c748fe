"""Routes: read them, and ask for new, other or fewer ones."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from gateway.kinds import KINDS
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import ONE, filing, operation, path_id
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import asked_for, file
from portal.api.views.resources import check_id, find, list_of
from portal.changes.asked import ItemAsked
from portal.wire import examples
from portal.wire.also_known import AlsoKnown
from portal.wire.answers import changes
from portal.wire.answers.resources import effective_of, resource
from portal.wire.answers.shapes import ResourcePage, RouteAnswer
from portal.wire.inputs.change import CreateRouteBody, UpdateRouteBody
from portal.wire.inputs.query import DeleteQuery, GatewayQuery, ResourcesQuery

ROUTE = KINDS["route"]
ID_PARAMETER = path_id("id", "A route's id.", examples.ROUTE_ID)


class Routes(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @operation(
        "getAllRoutes",
        summary="List the gateway's routes",
        description="Routes of a gateway, summarised: which paths, hosts and methods each takes, "
        "where it goes and which plugins it has. Filter by words, host, uri, plugin or label; "
        "go on with cursor. As last read from the gateway (as_of).",
        parameters=[ResourcesQuery],
        errors=ONE,
        answer=ResourcePage,
        answer_words="A page of routes.",
        answer_example=examples.page(
            examples.ROUTE_SUMMARY, gateway="default", kind="route"
        ),
        consequential=False,
    )
    def get(self, request: Request) -> Response:
        return list_of(ROUTE, request)

    @filing(
        "createRoute",
        summary="Ask for a new route",
        description="Files a change that creates a route. Nothing goes live until a person "
        "approves it in the portal: tell the user the change number and link of the answer. "
        "Try previewChange first when unsure.",
        body=CreateRouteBody,
        body_example={"reason": examples.REASON, "route": examples.ROUTE},
    )
    def post(self, request: Request) -> Response:
        body = checked(
            CreateRouteBody, request, also_known=AlsoKnown(request.data, self.actor)
        )
        item = ItemAsked(
            action="create",
            kind="route",
            document=body["route"],
            document_field="route",
        )
        return file(asked_for([item], body, request, self.actor), self.actor)


class OneRoute(ApiView):
    verbs: ClassVar = {"PATCH": Verb.ASK, "DELETE": Verb.ASK}

    @operation(
        "getRouteById",
        summary="Read one route",
        description="One route as last read from the gateway (as_of), with the upstream and "
        "plugins that really apply (its own over its plugin config over its service, and where "
        "each comes from) and the latest changes that touch it. Secrets are redacted.",
        parameters=[ID_PARAMETER, GatewayQuery],
        errors=ONE,
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
        consequential=False,
    )
    def get(self, request: Request, id: str) -> Response:
        query = GatewayQuery.of(request.query_params)
        gateway = choose_gateway(query.get("gateway"), actor=self.actor)
        row = find(gateway, ROUTE, id)
        told = resource(row, gateway)
        effective, was_cut = effective_of(row, gateway)
        answer = {
            "gateway": gateway.slug,
            "as_of": gateway.mirrored_at,
            "route": told["document"],
            "effective": effective,
            "changes": changes.latest_changes(gateway, "route", id, self.person),
            "url": told["url"],
        }
        if was_cut or "note" in told:
            answer["note"] = f"It is too long for one answer; all of it: {told['url']}"
        return Response(answer)

    @filing(
        "updateRoute",
        summary="Ask for a change of a route",
        description="Files a change that updates a route: give only what changes (JSON merge "
        "patch; null removes a field; lists and nodes are replaced whole). Nothing goes live "
        "until a person approves it: tell the user the change number and link.",
        parameters=[ID_PARAMETER],
        body=UpdateRouteBody,
        body_types=("application/json", "application/merge-patch+json"),
        body_example={
            "reason": "One client asks too often.",
            "route": {"plugins": examples.LIMIT},
        },
    )
    def patch(self, request: Request, id: str) -> Response:
        check_id(ROUTE, id)
        body = checked(
            UpdateRouteBody, request, also_known=AlsoKnown(request.data, self.actor)
        )
        item = ItemAsked(
            action="update",
            kind="route",
            id=id,
            document=body["route"],
            document_field="route",
        )
        return file(asked_for([item], body, request, self.actor), self.actor)

    @filing(
        "deleteRoute",
        summary="Ask for the removal of a route",
        description="Files a change that deletes a route. Its addresses go on answering until a "
        "person approves it: tell the user the change number and link of the answer.",
        parameters=[ID_PARAMETER, DeleteQuery],
    )
    def delete(self, request: Request, id: str) -> Response:
        check_id(ROUTE, id)
        query = DeleteQuery.of(request.query_params)
        item = ItemAsked(action="delete", kind="route", id=id)
        return file(asked_for([item], query, request, self.actor), self.actor)
