"""What brings an OpenAPI document, and what asks for one."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gateway.openapi.source import LIMIT
from portal.changes.openapi.asked import URL_LIMIT
from portal.changes.openapi.publish import NAME_LIMIT as PUBLISHED_NAME_LIMIT
from portal.changes.openapi.publish import WORDS_LIMIT as PUBLISHED_WORDS_LIMIT
from portal.wire.inputs.change import (
    due_field,
    gateway_field,
    key_field,
    life_field,
    reason_field,
    title_field,
)
from portal.wire.inputs.fields import Choice, Flag, Free, Several, Strict, Text
from portal.wire.inputs.query import Query

HOSTS_LIMIT = 50


@extend_schema_field(OpenApiTypes.ANY)
class DocumentField(serializers.Field[Any, Any, Any, Any]):
    """A document: its text in JSON or YAML, or the object itself."""

    default_error_messages = {
        "required": "It is missing. Give the document or its url.",
        "null": "It is null. Give the document or its url.",
        "invalid": "It is neither text nor an object. Give an OpenAPI document.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | dict):
            self.fail("invalid")
        return data


class OptionsBody(Strict):
    """How the document becomes routes."""

    spec = Text(
        required=False,
        max_length=40,
        help_text="What names the document on this gateway, so that importing it again "
        "updates; left out: made of its title.",
    )
    per = Choice(
        ["operation", "path"],
        required=False,
        help_text="A route for each operation (left out), or one for the operations of a "
        "path that are alike.",
    )
    server = Text(
        required=False,
        max_length=URL_LIMIT,
        help_text="Which of its servers to send requests to: URL or number from 1; needed "
        "where it names several.",
    )
    variables = Free(
        child=Text(max_length=500),
        required=False,
        help_text="Values of the server's variables by name.",
    )
    base_url = Text(
        required=False,
        max_length=URL_LIMIT,
        help_text="What relative servers are relative to; left out: the document's url.",
    )
    hosts = Several(
        child=Text(max_length=253),
        required=False,
        max_length=HOSTS_LIMIT,
        help_text="Hosts that the gateway serves it for; left out: any.",
    )
    auth = Flag(
        required=False,
        help_text="Left out: true. Have the gateway enforce its security schemes.",
    )
    # A name that DRF has too, for something else; the metaclass takes it for a field.
    validate = Flag(  # type: ignore[assignment]
        required=False,
        help_text="true: have the gateway refuse JSON bodies and headers that are not as "
        "the document says.",
    )
    delete_missing = Flag(
        required=False,
        help_text="true: remove what it brought earlier and says no more.",
    )


class OpenAPIImportBody(Strict):
    """An OpenAPI document of 2.0, 3.0 or 3.1: either document or url."""

    gateway = gateway_field()
    document = DocumentField(
        required=False,
        help_text=f"Its text, JSON or YAML, of at most {LIMIT:,} bytes, or the object.",
    )
    url = Text(
        required=False,
        max_length=URL_LIMIT,
        help_text="A public address that answers the document itself.",
    )
    options = OptionsBody(required=False)
    preview = Flag(
        required=False,
        help_text="true: show what it would do (200) and store nothing.",
    )
    reason = reason_field(required=False)
    title = title_field()
    deliver_after = due_field()
    expires_after = life_field()
    idempotency_key = key_field()


class PublishBody(Strict):
    """Ask for a gateway to tell itself what it serves."""

    name = Text(
        max_length=PUBLISHED_NAME_LIMIT, help_text="What people call the plugin."
    )
    description = Text(
        max_length=PUBLISHED_WORDS_LIMIT,
        help_text="What it does, for people and models.",
    )
    host = Text(
        required=False,
        max_length=253,
        help_text="Only what is for this host, told at this host.",
    )
    service = Text(
        required=False,
        max_length=64,
        help_text="Only the routes of this service, by id.",
    )
    preview = Flag(
        required=False,
        help_text="true: show what it would do (200) and store nothing.",
    )
    reason = reason_field(required=False)
    title = title_field()
    deliver_after = due_field()
    expires_after = life_field()
    idempotency_key = key_field()


class DocumentQuery(Query):
    """Which part of a gateway to describe."""

    host = Text(required=False, max_length=253, help_text="Only what is for this host.")
    service = Text(
        required=False,
        max_length=64,
        help_text="Only the routes of this service, by id.",
    )
