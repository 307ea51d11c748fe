"""Recipes: building blocks over any route, each a change."""

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import in_path, operation, path_id
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import filed_answer, idempotency_key
from portal.callers import conversation_of
from portal.changes.recipes import (
    RecipeAsked,
    apply_recipe,
    preview_recipe,
    recipes_offered,
)
from portal.wire import examples
from portal.wire.answers.changes import previewed
from portal.wire.answers.fit import page_of
from portal.wire.answers.recipes import (
    RecipeFiled,
    RecipePage,
    RecipePreview,
    explained,
    told,
)
from portal.wire.filing import terms_of
from portal.wire.inputs.query import page_size
from portal.wire.inputs.recipes import RecipeBody, RecipesQuery
from portal.wire.operation import ONE
from portal.wire.operations.routes import ROUTE_ID
from portal.wire.paging import make_cursor, read_cursor

EXPLAINED = {
    "sets": ["At most 100 requests in 60 s for each address; what is more gets 429."],
    "then": ["Each node of the gateway counts for itself."],
    "notes": [],
}


class Recipes(ApiView):
    @operation(
        "listRecipes",
        summary="List the recipes for routes",
        description="Building blocks that applyRecipe puts on a route: require a key, limit the "
        "rate, cache, split versions and so on; with the JSON Schema of each one's settings and "
        "whether this gateway can have it.",
        parameters=[RecipesQuery],
        errors=ONE,
        answer=RecipePage,
        answer_words="A page of recipes.",
        answer_example=examples.page(
            {
                "name": "limit-rate",
                "title": "Limit the rate",
                "description": "So many requests in a time.",
                "group": "How much",
                "plugins": ["limit-count"],
                "writes": ["route"],
                "available": True,
                "why_not": "",
                "settings": {
                    "type": "object",
                    "properties": {"requests": {"type": "integer", "default": 100}},
                },
                "example": {"requests": 1000},
            },
            gateway="default",
        ),
        consequential=False,
    )
    def get(self, request: Request) -> Response:
        query = RecipesQuery.of(request.query_params)
        after = read_cursor("recipes", query.get("cursor"))
        gateway = choose_gateway(query.get("gateway"), actor=self.actor)
        rows = recipes_offered(gateway)
        names = [recipe.name for recipe, _ in rows]
        results, last = page_of(
            rows[names.index(after) + 1 :] if after in names else rows,
            limit=page_size(query),
            shape=lambda row: told(*row),
            key=lambda row: row[0].name,
        )
        return Response(
            {
                "gateway": gateway.slug,
                "results": results,
                "next": make_cursor("recipes", last),
                "as_of": gateway.answered_at,
            }
        )


class RecipeOnRoute(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @operation(
        "applyRecipe",
        summary="Ask for a recipe on a route",
        description="Files a change that puts a recipe of listRecipes on a route. It merges with "
        "what the route has and says what it keeps and replaces. Nothing goes live until a person "
        "approves it. With preview nothing is stored.",
        parameters=[
            in_path(ROUTE_ID),
            path_id("name", "The recipe, from listRecipes.", "limit-rate"),
        ],
        body=RecipeBody,
        body_example={
            "settings": {"requests": 100, "seconds": 60},
            "reason": "One client asks too often.",
        },
        errors=(*ONE, 409, 422),
        status=202,
        answer=RecipeFiled,
        answer_words="Filed for review; not live yet.",
        answer_example=examples.FILED | {"explained": EXPLAINED},
        also={200: (RecipePreview, "With preview: what it would do.")},
        consequential=True,
    )
    def post(self, request: Request, id: str, name: str) -> Response:
        body = checked(RecipeBody, request)
        asked = RecipeAsked(
            gateway=choose_gateway(body.get("gateway"), actor=self.actor),
            route=id,
            recipe=name,
            settings=body.get("settings", {}),
            reason=body.get("reason", ""),
            title=body.get("title", ""),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
            terms=terms_of(body),
        )
        if body.get("preview"):
            plan, made = preview_recipe(asked, actor=self.actor)
            return Response(previewed(plan) | {"explained": explained(made)})
        proposed, filed = apply_recipe(asked, actor=self.actor)
        if filed is None:
            return filed_answer(proposed)
        return filed_answer(proposed, explained=explained(filed))
