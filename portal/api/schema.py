"""How drf-spectacular describes our operations: strict inputs, and one way to sign in."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema

from portal.wire.inputs.described import KindDocument
from portal.wire.inputs.documents import TYPED
from portal.wire.inputs.fields import Strict

Document = dict[str, Any]

SECURITY = "token"


class TokenScheme(OpenApiAuthenticationExtension):
    """Describe how one signs in to the API."""

    target_class = "portal.api.auth.BearerToken"
    name = SECURITY

    def get_security_definition(self, auto_schema: Any) -> Document:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token, made in the portal under /tokens/.",
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
