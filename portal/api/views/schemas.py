"""What each kind of resource takes, as the gateway itself tells it."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gateway.skeletons import SKELETONS
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import in_path, operation
from portal.api.views.base import ApiView
from portal.changes.offered import kind_offered, offered
from portal.wire import examples
from portal.wire.answers.fit import fit
from portal.wire.inputs.query import GatewayQuery
from portal.wire.operation import ONE
from portal.wire.operations.resources import KIND, kind_named

Char = serializers.CharField
SCHEMA_ROOM = 80_000


class SchemaAnswer(serializers.Serializer):
    gateway = Char()
    kind = Char()
    version = Char(help_text="The gateway's version that told it.")
    id = Char(help_text="What its id is.")
    example = serializers.DictField(help_text="A document to begin with.")
    schema = serializers.DictField(
        allow_null=True, help_text="JSON Schema (draft 7); null where note says why."
    )
    note = Char(required=False)


class KindSchema(ApiView):
    @operation(
        "getSchema",
        summary="Read the fields that one kind takes",
        description="The JSON Schema of one kind of resource as this gateway tells it, what "
        "its id is, and a document to begin with. Kept since the gateway's version changed; "
        "an operator can have it read again in the portal.",
        parameters=[in_path(KIND), GatewayQuery],
        errors=ONE,
        answer=SchemaAnswer,
        answer_words="The kind's schema.",
        answer_example={
            "gateway": "default",
            "kind": "upstream",
            "version": examples.GATEWAY["version"],
            "id": "1 to 64 of letters, digits, '-', '_' and '.'; chosen when left out.",
            "example": SKELETONS["upstream"],
            "schema": {"type": "object", "properties": {"nodes": {}}},
        },
        consequential=False,
    )
    def get(self, request: Request, kind: str) -> Response:
        query = GatewayQuery.of(request.query_params)
        wanted = kind_named(kind)
        gateway = choose_gateway(query.get("gateway"), actor=self.actor)
        schemas = offered(gateway)
        told = kind_offered(wanted, schemas)
        answer = {
            "gateway": gateway.slug,
            "kind": wanted.name,
            "version": schemas.version,
            "id": told.id_words,
            "example": told.skeleton,
            "schema": told.schema,
        }
        note = told.note
        if told.schema is not None:
            shown, was_cut = fit(told.schema, SCHEMA_ROOM)
            answer["schema"] = shown if isinstance(shown, dict) else {}
            if was_cut:
                note = (
                    "Too long for one answer, so parts are left out; see "
                    "https://apisix.apache.org/docs/apisix/admin-api/"
                )
        return Response(answer | ({"note": note} if note else {}))
