"""The form of a recipe, made of the schema of its settings."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.recipes.recipe import Recipe
from gateway.recipes.settings import Schema
from portal.changes.propose import REASON_LIMIT
from portal.web.asking.request_form import RequestForm
from portal.web.fields.header_lines import HeaderLinesField

PREFIX = "set-"
AS_IT_IS = ("", _("as it is"))
# No setting takes a number with more digits, and some readers take none.
DIGITS = 15


class LinesField(forms.CharField):
    """A list, one text or number per line."""

    def __init__(self, *, of_numbers: bool, **options: Any) -> None:
        super().__init__(widget=_lines(), **options)
        self._of_numbers = of_numbers

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Any]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return [_number(one) if self._of_numbers else one for one in lines if one]


class WeightLinesField(forms.CharField):
    """Names with a whole number each: `10.0.0.7:8080 = 2`, one per line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=_lines(), **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name} = {one}" for name, one in value.items())
        return value

    def clean(self, value: Any) -> dict[str, Any]:
        weights: dict[str, Any] = {}
        for line in super().clean(value).splitlines():
            name, _, weight = (part.strip() for part in line.partition("="))
            if name:
                weights[name] = _number(weight or "1")
        return weights


class RecipeForm(RequestForm):
    """The settings of one recipe, and why. The recipe itself judges the settings."""

    reason = forms.CharField(
        required=False,
        max_length=REASON_LIMIT,
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A reviewer decides by it. A preview needs none."),
    )

    def __init__(self, recipe: Recipe, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._recipe = recipe
        for name, schema in recipe.properties.items():
            self.fields[PREFIX + name] = field_of(
                schema, is_needed=name in recipe.required
            )

    @property
    def of_recipe(self) -> Iterator[BoundField]:
        """The fields of the settings."""
        return (self[PREFIX + name] for name in self._recipe.properties)

    def settings(self) -> dict[str, Any]:
        """Return what a valid form says; what is empty is left out."""
        given = {
            name: self.cleaned_data[PREFIX + name] for name in self._recipe.properties
        }
        return {
            name: value
            for name, value in given.items()
            if value is not None and value not in ("", [], {})
        }

    def refuse_at(self, field: str, words: str) -> bool:
        """Put the words beside the field that an operation names; say whether it is one."""
        first, _, rest = field.partition(".")
        name = PREFIX + rest.partition(".")[0] if first == "settings" else first
        if name not in self.fields:
            return False
        self.add_error(name, words)
        return True


def field_of(schema: Schema, *, is_needed: bool) -> forms.Field:
    """Return the form field of one setting."""
    told: dict[str, Any] = {
        "required": False,
        "label": gettext("%(title)s (needed)") % {"title": schema["title"]}
        if is_needed
        else schema["title"],
        "initial": schema.get("default"),
        "help_text": schema["description"],
    }
    match schema["type"]:
        case "boolean":
            return forms.BooleanField(**told)
        case "integer":
            return forms.IntegerField(
                min_value=schema["minimum"], max_value=schema["maximum"], **told
            )
        case "array":
            of_numbers = schema["items"]["type"] == "integer"
            told["help_text"] += f" {_one_per_line(schema)}"
            return LinesField(of_numbers=of_numbers, **told)
        case "object" if schema["additionalProperties"]["type"] == "integer":
            told["help_text"] += f" {_one_per_line(schema)}"
            return WeightLinesField(**told)
        case "object":
            del told["required"]
            words = f"{told.pop('help_text')} {_one_per_line(schema)}"
            field: forms.Field = HeaderLinesField(**told)
            field.help_text = words
            return field
    if "enum" in schema:
        choices = [(one, schema["x-words"][one]) for one in schema["enum"]]
        if "default" not in schema:
            choices = [AS_IT_IS, *choices]
        return forms.ChoiceField(choices=choices, **told)
    return forms.CharField(strip=False, widget=_widget(schema), **told)


def _widget(schema: Schema) -> forms.Widget:
    if schema.get("x-lines"):
        return forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    if schema.get("writeOnly"):
        # What was typed stays from a preview to the sending.
        return forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=True)
    example = (schema.get("examples") or [""])[0]
    return forms.TextInput(attrs={"placeholder": example, "spellcheck": "false"})


def _lines() -> forms.Widget:
    return forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})


def _one_per_line(schema: Schema) -> str:
    example = (schema.get("examples") or [[]])[0]
    if isinstance(example, dict):
        of_numbers = schema["additionalProperties"]["type"] == "integer"
        sign = " = " if of_numbers else ": "
        example = [f"{name}{sign}{value}" for name, value in example.items()]
    if not example:
        return gettext("One per line.")
    return gettext("One per line, such as %(example)s.") % {"example": example[0]}


def _number(text: str) -> Any:
    """Return the number that a text says, else the text: the recipe refuses that."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= DIGITS
    return int(text) if is_number else text
