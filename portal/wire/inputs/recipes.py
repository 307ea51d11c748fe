"""What asks for a recipe."""

from drf_spectacular.utils import extend_schema_field

from gateway.recipes import RECIPES
from portal.wire.inputs.change import (
    AS_PROPOSED,
    due_field,
    gateway_field,
    key_field,
    life_field,
    reason_field,
    title_field,
)
from portal.wire.inputs.fields import Flag, Free, Strict
from portal.wire.inputs.query import PageQuery


@extend_schema_field(
    {
        "type": "object",
        "anyOf": [
            {"title": recipe.name, **recipe.schema} for recipe in RECIPES.values()
        ],
    }
)
class Settings(Free):
    """The settings of a recipe: the recipe judges them by its own schema."""


class RecipesQuery(PageQuery):
    """The list of recipes."""

    gateway = gateway_field()


class RecipeBody(Strict):
    """Ask for a recipe on a route."""

    gateway = gateway_field()
    settings = Settings(
        required=False,
        help_text="By the schema that listRecipes tells; left out: the defaults.",
    )
    preview = Flag(
        required=False,
        help_text="true: show what it would do (200) and store nothing.",
    )
    reason = reason_field(required=False)
    title = title_field()
    idempotency_key = key_field()
    deliver_after = due_field(AS_PROPOSED)
    expires_after = life_field(AS_PROPOSED)
