"""Recipes: building blocks over any route, each a change."""

from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
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
from portal.wire.filing import one_key, terms_of
from portal.wire.inputs.query import page_size
from portal.wire.inputs.recipes import RecipeBody, RecipesQuery
from portal.wire.operation import (
    ONE,
    Answer,
    Given,
    InPath,
    Operation,
    filed_answer,
)
from portal.wire.operations.routes import ROUTE_ID
from portal.wire.paging import make_cursor, read_cursor

EXPLAINED = {
    "sets": ["At most 100 requests in 60 s for each address; what is more gets 429."],
    "then": ["Each node of the gateway counts for itself."],
    "notes": [],
}


def _list_recipes(actor: Actor, given: Given) -> Answer:
    query = RecipesQuery.of(given.query)
    after = read_cursor("recipes", query.get("cursor"))
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    rows = recipes_offered(gateway)
    names = [recipe.name for recipe, _ in rows]
    results, last = page_of(
        rows[names.index(after) + 1 :] if after in names else rows,
        limit=page_size(query),
        shape=lambda row: told(*row),
        key=lambda row: row[0].name,
    )
    return Answer(
        body={
            "gateway": gateway.slug,
            "results": results,
            "next": make_cursor("recipes", last),
            "as_of": gateway.answered_at,
        }
    )


def _apply_recipe(actor: Actor, given: Given) -> Answer:
    body = given.checked(RecipeBody)
    asked = RecipeAsked(
        gateway=choose_gateway(body.get("gateway"), actor=actor),
        route=given.path["id"],
        recipe=given.path["name"],
        settings=body.get("settings", {}),
        reason=body.get("reason", ""),
        title=body.get("title", ""),
        idempotency_key=one_key(given.idempotency_key, body.get("idempotency_key")),
        conversation=given.conversation,
        terms=terms_of(body),
    )
    if body.get("preview"):
        plan, made = preview_recipe(asked, actor=actor)
        told = previewed(plan) | {"explained": explained(made)}
        return Answer(body=told, is_preview=True)
    proposed, filed = apply_recipe(asked, actor=actor)
    if filed is None:
        return filed_answer(proposed)
    return filed_answer(proposed, explained=explained(filed))


LIST_RECIPES = Operation(
    id="listRecipes",
    title="List the recipes for routes",
    words="Building blocks that applyRecipe puts on a route: require a key, limit the "
    "rate, cache, split versions and so on; with the JSON Schema of each one's settings and "
    "whether this gateway can have it.",
    query=RecipesQuery,
    errors=ONE,
    run=_list_recipes,
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
)
APPLY_RECIPE = Operation(
    id="applyRecipe",
    title="Ask for a recipe on a route",
    words="Files a change that puts a recipe of listRecipes on a route. It merges with "
    "what the route has and says what it keeps and replaces. Nothing goes live until a person "
    "approves it. With preview nothing is stored.",
    path=(
        ROUTE_ID,
        InPath(
            name="name", words="The recipe, from listRecipes.", example="limit-rate"
        ),
    ),
    body=RecipeBody,
    body_example={
        "settings": {"requests": 100, "seconds": 60},
        "reason": "One client asks too often.",
    },
    errors=(*ONE, 409, 422),
    status=202,
    verb=Verb.ASK,
    is_repeatable=False,
    run=_apply_recipe,
    answer=RecipeFiled,
    answer_words="Filed for review; not live yet.",
    answer_example=examples.FILED | {"explained": EXPLAINED},
    preview=RecipePreview,
)
