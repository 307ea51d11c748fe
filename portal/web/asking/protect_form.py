"""Recipes that guard a route, to be chosen while it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from gateway.mirrored import Mirrored
from gateway.models import Gateway
from gateway.recipes import RECIPES
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import DoesNotFit, Made, RouteNow
from gateway.recipes.settings import WrongSettings
from gateway.schemas import Schemas
from portal.web.asking.recipe_form import field_of

Document = dict[str, Any]

# What newcomers look for comes first.
OFFERED = (
    "require-key",
    "limit-rate",
    "require-jwt",
    "require-sign-in",
    "require-password",
    "restrict-addresses",
)


@dataclass(frozen=True)
class Protection:
    """A recipe with its box and its settings."""

    recipe: Recipe
    box: BoundField
    settings: list[BoundField]


class ProtectForm(forms.Form):
    """Boxes for the recipes that the gateway can have and the route has not yet."""

    def __init__(self, document: Document, schemas: Schemas, given: Any = None) -> None:
        super().__init__(given, prefix="protect")
        plugins = document.get("plugins")
        held = plugins if isinstance(plugins, dict) else {}
        self._schemas = schemas
        self._recipes = [
            recipe
            for recipe in (RECIPES[name] for name in OFFERED)
            if not recipe.why_not(schemas)
            and not any(name in held for name in recipe.plugins)
        ]
        for recipe in self._recipes:
            self.fields[recipe.name] = forms.BooleanField(
                required=False, label=recipe.title, help_text=recipe.description
            )
            for name, schema in recipe.properties.items():
                self.fields[f"{recipe.name}.{name}"] = field_of(
                    schema, is_needed=name in recipe.required
                )

    def __iter__(self) -> Iterator[Any]:
        """Yield what can be chosen."""
        for recipe in self._recipes:
            names = [f"{recipe.name}.{name}" for name in recipe.properties]
            yield Protection(recipe, self[recipe.name], [self[name] for name in names])

    def protected(self, document: Document, route: str, gateway: Gateway) -> Document:
        """Return the document with what was chosen; what does not fit is said beside it."""
        mirrored = Mirrored(gateway)
        for recipe in self._recipes:
            if not self.cleaned_data.get(recipe.name):
                continue
            now = RouteNow(route, document, mirrored.find, self._schemas)
            try:
                made = recipe.on(now, self._settings(recipe))
            except WrongSettings as error:
                for at, words in error.wrong:
                    self._refuse(recipe, at, words)
            except DoesNotFit as error:
                self.add_error(recipe.name, str(error))
            else:
                document = _route_of(made, document)
        return document

    def _settings(self, recipe: Recipe) -> Document:
        given = {
            name: self.cleaned_data.get(f"{recipe.name}.{name}")
            for name in recipe.properties
        }
        return {
            name: value
            for name, value in given.items()
            if value is not None and value not in ("", [], {})
        }

    def _refuse(self, recipe: Recipe, at: str, words: str) -> None:
        name = f"{recipe.name}.{at.partition('.')[0]}"
        self.add_error(name if name in self.fields else recipe.name, words)


def _route_of(made: Made, document: Document) -> Document:
    """Return the route of what a recipe writes: those offered here write nothing else."""
    return next((one.after for one in made.written if one.kind == "route"), document)
