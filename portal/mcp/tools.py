"""The tools: the plugin's operations, more of the API's, and three of this door's own.

What a tool takes and tells is described by the same serializers as in the OpenAPI
documents. Descriptions are ours alone: never anything that people wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from rest_framework import serializers

from portal.accounts.actor import VERB_SCOPES
from portal.accounts.roles import Verb
from portal.mcp.explain import EXPLAIN_FINDING
from portal.mcp.names import Renamer, tool_name
from portal.mcp.search import FETCH, SEARCH
from portal.wire.inputs.fields import Choice, Strict, Text, Whole, all_unknown
from portal.wire.operation import Given, InPath, Operation
from portal.wire.operations import OPERATIONS
from portal.wire.operations.changes import REVISE_CHANGE
from portal.wire.operations.recipes import APPLY_RECIPE, LIST_RECIPES
from portal.wire.schema import Describer, Form, made_small

ALL: tuple[Operation, ...] = (
    *OPERATIONS,
    REVISE_CHANGE,
    LIST_RECIPES,
    APPLY_RECIPE,
    EXPLAIN_FINDING,
    SEARCH,
    FETCH,
)
RENAMER = Renamer([operation.id for operation in ALL])
# Clients for research read these two answers as they are, and nothing beside them.
BARE = frozenset({"search", "fetch"})
REFERENCE, LOCAL = "#/components/schemas/", "#/$defs/"


@dataclass(frozen=True)
class Tool:
    """One operation as a tool."""

    operation: Operation

    @property
    def name(self) -> str:
        return tool_name(self.operation.id)

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What its caller must be allowed: whoever asks has to read, too."""
        return tuple(dict.fromkeys((Verb.READ, self.operation.verb)))

    @property
    def forms(self) -> tuple[Form, ...]:
        """What its arguments are made of: the address's part, the query, the body."""
        operation = self.operation
        parts = (_in_path(operation.path), operation.query, operation.body)
        return tuple(form for form in parts if form is not None)

    @cached_property
    def described(self) -> dict[str, Any]:
        """Return how `tools/list` tells of it."""
        operation = self.operation
        read_only = operation.verb is Verb.READ
        scopes = [str(VERB_SCOPES[verb]) for verb in self.verbs]
        return {
            "name": self.name,
            "title": operation.title,
            "description": RENAMER.text(operation.words),
            "inputSchema": _schema(*self.forms, direction="request"),
            "outputSchema": _answers(operation),
            "annotations": {
                "title": operation.title,
                "readOnlyHint": read_only,
                "destructiveHint": operation.is_final,
                "idempotentHint": operation.is_repeatable,
                # Gateways and their desk, and nothing beyond.
                "openWorldHint": False,
            },
            "_meta": {"securitySchemes": [{"type": "oauth2", "scopes": scopes}]},
        }

    def given(self, arguments: Mapping[str, Any], conversation: str) -> Given:
        """Return the arguments as the operation takes them. Raises ValidationError."""
        operation = self.operation
        known = [name for form in self.forms for name in _names(form)]
        strange = (name for name in arguments if name not in known)
        refused = all_unknown(strange, known)
        if refused:
            raise serializers.ValidationError(refused)

        def taken(form: Form | None) -> dict[str, Any]:
            names = _names(form) if form else []
            return {name: arguments[name] for name in names if name in arguments}

        path = taken(in_path := _in_path(operation.path))
        if in_path:
            in_path(data=path).is_valid(raise_exception=True)
        return Given(
            path=path,
            query=taken(operation.query),
            body=taken(operation.body),
            conversation=conversation,
        )


def _names(form: Form) -> list[str]:
    return [str(name) for name in form().fields]


def _in_path(parts: tuple[InPath, ...]) -> Form | None:
    """Return the form of what the API has in an address."""
    if not parts:
        return None
    fields: dict[str, Any] = {}
    for part in parts:
        if part.type is int:
            fields[part.name] = Whole(min_value=0, help_text=part.words)
        elif part.choices:
            fields[part.name] = Choice(part.choices, help_text=part.words)
        else:
            fields[part.name] = Text(help_text=part.words)
    return type("InAddress", (Strict,), fields)


def _answers(operation: Operation) -> dict[str, Any]:
    """Return the schema of its answer: what it is always told with, and what else."""
    whole = _schema(operation.answer, direction="response")
    if operation.preview is None:
        return whole
    preview = _schema(operation.preview, direction="response")
    needed = [name for name in whole["required"] if name in preview["required"]]
    return whole | {
        "properties": preview["properties"] | whole["properties"],
        "required": needed,
        "$defs": preview["$defs"] | whole["$defs"],
    }


def _schema(*forms: Form, direction: Any) -> dict[str, Any]:
    """Return one schema of all the forms' fields, with what they refer to beside it."""
    describer = Describer()
    names = [describer.describe(form, direction) for form in forms]
    schemas = describer.schemas()
    made_small(schemas)
    parts = [schemas.pop(name) for name in names]
    made: dict[str, Any] = {"type": "object", "properties": {}}
    required: list[str] = []
    for part in parts:
        made["properties"] |= part.get("properties", {})
        required += part.get("required", [])
    if required:
        made["required"] = required
    if direction == "request":
        made["additionalProperties"] = False
    made = _localised(made)
    if used := _used(made, _localised(schemas)):
        made["$defs"] = used
    told: dict[str, Any] = RENAMER.descriptions(made)
    return told


def _localised(value: Any) -> Any:
    """Return a copy whose references lead to `$defs`."""
    if isinstance(value, dict):
        return {
            key: one.replace(REFERENCE, LOCAL) if key == "$ref" else _localised(one)
            for key, one in value.items()
            if key != "x-spec-enum-id"
        }
    if isinstance(value, list):
        return [_localised(one) for one in value]
    return value


def _used(schema: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return those of the schemas that this one refers to, at last."""
    used: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in used:
                used[name] = schemas[name]
                waiting.append(schemas[name])
    return used


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"].removeprefix(LOCAL)] if "$ref" in value else []
        return own + [name for one in value.values() for name in _references(one)]
    if isinstance(value, list):
        return [name for one in value for name in _references(one)]
    return []


@lru_cache(maxsize=1)
def tools() -> dict[str, Tool]:
    """Return all tools by name, in their order."""
    return {tool.name: tool for tool in map(Tool, ALL)}
