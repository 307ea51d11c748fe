"""How inputs and answers are described, as JSON Schema: strict inputs are strict."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework import serializers
from rest_framework.views import APIView

from portal.wire.inputs.described import KindDocument
from portal.wire.inputs.documents import TYPED
from portal.wire.inputs.fields import Strict

Document = dict[str, Any]
Form = type[serializers.Serializer[Any]]

# What a chat client is not told of answers: it has little room.
UNTOLD = (
    ("DeliveryTold", "nodes"),
    ("DeliveryTold", "probe"),
    ("WholeChange", "probe"),
    ("Approvals", "needs"),
)
PROBE = {
    "type": "object",
    "description": "Sent after delivery: {path, host?, method?, headers?, expect: {status, "
    "body_contains?}, take_back?}.",
}


class DocumentOfItem(OpenApiSerializerFieldExtension):
    """Describe an item's document by the kinds that are typed."""

    target_class = "portal.wire.inputs.documents.ItemDocument"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Document:
        typed: list[Document] = [
            auto_schema.resolve_serializer(form, direction).ref
            for form in TYPED.values()
        ]
        others = {
            "type": "object",
            "description": "Any other kind: see GET /api/schemas/{kind}.",
        }
        return {
            "type": "object",
            "additionalProperties": {},
            "anyOf": [*typed, others],
        }


class OperationSchema(AutoSchema):
    """Describe strict inputs as strict, and leave out what says nothing."""

    def _map_serializer(
        self, serializer: Any, direction: str, bypass_extensions: bool = False
    ) -> Document:
        schema: Document = super()._map_serializer(
            serializer, direction, bypass_extensions
        )
        if isinstance(serializer, Strict) and "properties" in schema:
            schema["additionalProperties"] = False
        if isinstance(serializer, KindDocument) and serializer.example:
            schema["examples"] = [serializer.example]
        return schema


def made_small(schemas: Document) -> None:
    """Leave out what chat clients have no room for: the whole document describes it.

    The documents of every kind, and what says itself.
    """
    if item := schemas.get("ItemBody"):
        item["properties"]["document"].pop("anyOf")
    if recipe := schemas.get("RecipeBody"):
        recipe["properties"]["settings"].pop("anyOf")
    for name, told in (("ProposeBody", PROBE), ("PreviewBody", {})):
        if body := schemas.get(name):
            body["properties"]["probe"] = told
    for name, field in UNTOLD:
        if answer := schemas.get(name):
            answer["properties"].pop(field)
            answer["required"].remove(field)


class _NoView(APIView):
    """Stands in for the view that drf-spectacular asks for a serializer's context."""

    def get_serializer_context(self) -> Document:
        return {}


class Describer:
    """Describes inputs and answers by themselves, as the documents describe them."""

    def __init__(self) -> None:
        self._registry = ComponentRegistry()
        self._auto = OperationSchema()
        self._auto.registry = self._registry
        self._auto.method, self._auto.path = "POST", "/"
        self._auto.view = _NoView()

    def describe(self, form: Form, direction: Literal["request", "response"]) -> str:
        """Describe a "request" or a "response"; return its name among `schemas`."""
        name: str = self._auto.resolve_serializer(form(), direction).name
        return name

    def schemas(self) -> Document:
        """Return what was described and all that it refers to, by name."""
        made: Document = self._registry.build({}).get("schemas", {})
        return made
