"""What a request must look like, in the JSON Schema that `request-validation` knows.

The plugin reads draft 4 to 7 and follows no reference out of a schema
(https://github.com/api7/jsonschema), takes headers as texts, and refuses every request
without a body once it has a schema for one.
"""

import json
from typing import Any

from gateway.canonical import EXACT
from gateway.openapi.operations import Operation, parameters_of
from gateway.openapi.references import pointed_at
from gateway.openapi.shapes import Document, Place, an_object, taken

# Bytes; a route is read by every worker of the gateway.
LIMIT = 60_000
DEPTH_LIMIT = 20
KNOWN_FORMATS = ("email", "ipv4", "ipv6", "hostname")
# Each means the same in draft 7, or nothing to a check.
KEPT = frozenset(
    {
        *("type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum"),
        *("minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern"),
        *("maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties"),
        *("required", "default"),
    }
)
SCHEMA = (
    "not",
    "if",
    "then",
    "else",
    "additionalProperties",
    "propertyNames",
    "contains",
)
SCHEMAS = ("allOf", "anyOf", "oneOf")
NAMED = ("properties", "patternProperties")
NOT_HEADERS = frozenset({"accept", "content-type", "authorization"})
EVERYTHING: Document = {}


class _TooLarge(Exception):
    """Written out, the schema is larger than a route should be."""


def validation_for(
    document: Document, operation: Operation
) -> tuple[Document, tuple[str, ...]]:
    """Return the settings of `request-validation`, {} for none, and what they leave out.

    Raises OpenAPIError.
    """
    remarks: dict[str, None] = {}
    made: Document = {}
    if headers := _headers(document, operation, remarks):
        made["header_schema"] = headers
    schema = _body(document, operation, remarks)
    if schema is not None:
        made["body_schema"] = schema
    return made, tuple(remarks)


def _headers(
    document: Document, operation: Operation, remarks: dict[str, None]
) -> Document:
    properties: Document = {}
    needed: list[str] = []
    for one in parameters_of(document, operation):
        name = str(one.get("name", "")).lower()
        if one.get("in") != "header" or not name or name in NOT_HEADERS:
            continue
        if one.get("required") is True:
            needed.append(name)
        schema = _written_out(document, one.get("schema"), operation, remarks)
        if schema is not None and schema.get("type") == "string":
            properties[name] = schema
    made: Document = {"type": "object"}
    if properties:
        made["properties"] = properties
    if needed:
        made["required"] = sorted(set(needed))
    return made if len(made) > 1 else {}


def _body(
    document: Document, operation: Operation, remarks: dict[str, None]
) -> Document | None:
    at = (*operation.place, "requestBody")
    body: Any = operation.document.get("requestBody")
    if body is None:
        return None
    if isinstance(body, dict) and "$ref" in body:
        body = pointed_at(document, str(body["$ref"]), at)
    body = an_object(body, at)
    media = taken(body, "content", dict, at)
    json_types = [one for one in media if _is_json(one)]
    if not json_types:
        return None
    if body.get("required") is not True:
        remarks["bodies that may be left out are not validated"] = None
        return None
    if len(json_types) < len(media):
        remarks["bodies that may come in other forms than JSON are not validated"] = (
            None
        )
        return None
    one = an_object(media[json_types[0]], (*at, "content", json_types[0]))
    schema = _written_out(document, one.get("schema"), operation, remarks)
    return schema or None


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _written_out(
    document: Document, schema: Any, operation: Operation, remarks: dict[str, None]
) -> Document | None:
    """Return a schema with all that it refers to; None where it is too large."""
    writer = _Writer(document, operation.place, remarks)
    try:
        return writer.whole(schema)
    except _TooLarge:
        remarks[f"schemas of more than {LIMIT:,} bytes are not validated"] = None
        return None


class _Writer:
    def __init__(self, document: Document, at: Place, remarks: dict[str, None]) -> None:
        self._document, self._at, self._remarks = document, at, remarks
        self._size = 0

    def whole(self, schema: Any) -> Document:
        made = self._schema(schema, ())
        return made if isinstance(made, dict) else EVERYTHING

    def _schema(self, schema: Any, through: tuple[str, ...]) -> Any:
        if isinstance(schema, bool):
            # Draft 4 has no such schemas.
            return EVERYTHING if schema else {"not": {}}
        if not isinstance(schema, dict):
            return EVERYTHING
        made: Document = {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in through or len(through) >= DEPTH_LIMIT:
                self._remarks["a schema that contains itself is cut where it does"] = (
                    None
                )
                return EVERYTHING
            target = pointed_at(self._document, reference, self._at)
            made = dict(self._schema(target, (*through, reference)))
        made |= self._own(schema, through)
        self._size += 2 + len(json.dumps(made.get("enum", ""))) + 20 * len(made)
        if self._size > LIMIT:
            raise _TooLarge
        return made

    def _own(self, schema: Document, through: tuple[str, ...]) -> Document:
        made: Document = {}
        for name, value in schema.items():
            if name in KEPT and _is_exact(value):
                made[name] = value
            elif name in SCHEMA and isinstance(value, dict | bool):
                # As false it is a word of its own, not a schema.
                is_closed = name == "additionalProperties" and value is False
                made[name] = False if is_closed else self._schema(value, through)
            elif name in SCHEMAS and isinstance(value, list):
                made[name] = [self._schema(one, through) for one in value]
            elif name in NAMED and isinstance(value, dict):
                made[name] = {
                    key: self._schema(one, through) for key, one in value.items()
                }
            elif name == "items" and isinstance(value, dict | bool):
                made[name] = self._schema(value, through)
            elif name == "prefixItems" and isinstance(value, list):
                made["items"] = [self._schema(one, through) for one in value]
            elif name == "format" and value in KNOWN_FORMATS:
                made[name] = value
        return self._without_read_only(schema, made)

    def _without_read_only(self, schema: Document, made: Document) -> Document:
        """Ask for nothing that only answers hold."""
        properties = schema.get("properties")
        needed = made.get("required")
        if isinstance(needed, list) and isinstance(properties, dict):
            kept = [
                name
                for name in needed
                if not (
                    isinstance(name, str)
                    and isinstance(properties.get(name), dict)
                    and properties[name].get("readOnly") is True
                )
            ]
            made.pop("required")
            if kept:
                made["required"] = kept
        return made


def _is_exact(value: Any) -> bool:
    """Say whether gateways keep a value as it is: large numbers they do not."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < EXACT
    return True
