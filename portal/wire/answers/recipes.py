"""What programs are told of recipes."""

from typing import Any

from rest_framework import serializers

from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Made
from portal.wire.answers.changes import words
from portal.wire.answers.shapes import Filed, Page, Preview

Char = serializers.CharField


class RecipeTold(serializers.Serializer):
    name = Char()
    title = Char()
    description = Char(help_text="What it is for.")
    group = Char(help_text="What it is about.")
    plugins = serializers.ListField(child=Char(), help_text="Those it needs.")
    writes = serializers.ListField(
        child=Char(), help_text="The kinds of resources that it may write."
    )
    available = serializers.BooleanField(help_text="Whether this gateway can have it.")
    why_not = Char(help_text="If it cannot: why, and what to do.")
    settings = serializers.DictField(help_text="The JSON Schema of its settings.")
    example = serializers.DictField(help_text="Settings that make sense.")


class RecipePage(Page):
    gateway = Char()
    results = RecipeTold(many=True)


class Explained(serializers.Serializer):
    """What the recipe does to this route, in words to repeat to the user."""

    sets = serializers.ListField(child=Char(), help_text="What it sets.")
    then = serializers.ListField(child=Char(), help_text="What is left to do.")
    notes = serializers.ListField(
        child=Char(), help_text="What it met, and kept or replaced."
    )


class RecipePreview(Preview):
    """What a recipe would do. Nothing was stored."""

    explained = Explained()


class RecipeFiled(Filed):
    """A recipe was filed as a change. It does nothing until a person approves it."""

    explained = Explained(
        required=False, help_text="Left out where it was filed before."
    )


def told(recipe: Recipe, why_not: str) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "group": recipe.group,
        "plugins": list(recipe.plugins),
        "writes": list(recipe.writes),
        "available": not why_not,
        "why_not": why_not,
        "settings": recipe.schema,
        "example": dict(recipe.example),
    }


def explained(made: Made) -> dict[str, list[str]]:
    """Return its words, of bounded length: names in them are somebody's."""
    return {
        "sets": [words(one) for one in made.sets],
        "then": [words(one) for one in made.then],
        "notes": [words(one) for one in made.notes],
    }
