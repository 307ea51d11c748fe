"""The operations that other doors for programs have, too, as the API's views."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.operation import described
from portal.api.views.base import ApiView
from portal.api.views.filing import answered, given_by
from portal.wire.operation import Operation
from portal.wire.operations import (
    changes,
    gateways,
    plugins,
    recipes,
    resources,
    routes,
    simulate,
)


def doing(operation: Operation) -> Callable[..., Response]:
    """Return the method of a view that does this operation."""

    def method(self: ApiView, request: Request, **path: Any) -> Response:
        body = request.data if operation.body else None
        answer = operation.run(self.actor, given_by(request, body, **path))
        return answered(answer, 200 if answer.is_preview else operation.status)

    method.operation = operation  # type: ignore[attr-defined]
    return described(operation)(method)


class Routes(ApiView):
    get = doing(routes.GET_ALL_ROUTES)
    post = doing(routes.CREATE_ROUTE)


class OneRoute(ApiView):
    get = doing(routes.GET_ROUTE_BY_ID)
    patch = doing(routes.UPDATE_ROUTE)
    delete = doing(routes.DELETE_ROUTE)


class Resources(ApiView):
    get = doing(resources.LIST_RESOURCES)


class OneResource(ApiView):
    get = doing(resources.GET_RESOURCE)


class Changes(ApiView):
    get = doing(changes.LIST_CHANGES)
    post = doing(changes.PROPOSE_CHANGE)


class PreviewChange(ApiView):
    post = doing(changes.PREVIEW_CHANGE)


class OneChange(ApiView):
    get = doing(changes.GET_CHANGE)


class ReviseChange(ApiView):
    post = doing(changes.REVISE_CHANGE)


class WithdrawChange(ApiView):
    post = doing(changes.WITHDRAW_CHANGE)


class Plugins(ApiView):
    get = doing(plugins.LIST_PLUGINS)


class OnePlugin(ApiView):
    get = doing(plugins.GET_PLUGIN)


class Gateways(ApiView):
    get = doing(gateways.LIST_GATEWAYS)


class Simulate(ApiView):
    post = doing(simulate.SIMULATE_REQUEST)


class Recipes(ApiView):
    get = doing(recipes.LIST_RECIPES)


class RecipeOnRoute(ApiView):
    post = doing(recipes.APPLY_RECIPE)
