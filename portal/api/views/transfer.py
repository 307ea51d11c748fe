"""What a gateway holds, as a file; a file, as a change of what it holds."""

from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.errors import NotVisible
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation, path_id
from portal.api.views.base import ApiView
from portal.api.views.filing import filed_answer, idempotency_key
from portal.api.wire import Upload, check_size
from portal.callers import conversation_of
from portal.changes.models import ImportFile
from portal.changes.transfer.export import export
from portal.changes.transfer.formats import Format, Secrets
from portal.changes.transfer.later import AT_ONCE, keep_for_later
from portal.changes.transfer.propose_file import FileAsked, propose_file
from portal.wire import examples
from portal.wire.answers.imports import kept, passed_over, path_of
from portal.wire.answers.shapes import ImportAnswer
from portal.wire.filing import terms_of
from portal.wire.inputs.query import Query
from portal.wire.inputs.transfer import ExportQuery, ImportBody
from portal.wire.operation import ONE
from portal.wire.operations.changes import LARGEST

SLUG_PARAMETER = path_id("slug", "The gateway's slug, see listGateways.", "default")
FILE = "application/octet-stream"
# Proxies refuse long headers; the file's own head tells everything.
LOSSES_LIMIT = 2_000


class Export(ApiView):
    @operation(
        "exportGateway",
        summary="Write what a gateway holds into a file",
        description="All that the gateway holds now, as one file. Secrets are never in clear. "
        "What a format cannot say stands in the head of the file and in the header "
        "X-Gatehouse-Losses.",
        parameters=[SLUG_PARAMETER, ExportQuery],
        errors=ONE,
        answer=OpenApiTypes.BINARY,
        answer_words="The file.",
        answer_type=FILE,
        answer_example="routes:\n- id: conference\n  uri: /speaker/*\n#END\n",
        consequential=False,
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = ExportQuery.of(request.query_params)
        format = Format(query["format"])
        usual = Secrets.SEALED if format is Format.BACKUP else Secrets.LEFT_OUT
        exported = export(
            choose_gateway(slug, actor=self.actor),
            format=format,
            secrets=Secrets(query.get("secrets", usual)),
            actor=self.actor,
        )
        losses = " ".join(exported.losses).encode("ascii", "backslashreplace").decode()
        return HttpResponse(
            exported.text,
            content_type=FILE,
            headers={
                "Content-Disposition": f'attachment; filename="{exported.name}"',
                "X-Gatehouse-Losses": losses[:LOSSES_LIMIT],
            },
        )


class Import(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}
    parser_classes = (Upload,)

    @operation(
        "importToGateway",
        summary="Ask for a gateway to be as a file says",
        description="Files one change of all that is not as the file says. What the file does "
        "not name stays, unless delete_missing. Lines of the file are named where something "
        "is wrong. A large file is read by a worker: see getImport.",
        parameters=[SLUG_PARAMETER],
        body=ImportBody,
        body_types=(Upload.media_type,),
        body_example={
            "file": "routes:\n- id: conference\n  uri: /speaker/*\n#END\n",
            "format": "apisix",
            "reason": examples.REASON,
        },
        errors=(*ONE, 409, 422),
        status=202,
        answer=ImportAnswer,
        answer_words="Filed for review, or being read; nothing is live yet.",
        answer_example=examples.FILED | {"file": None, "passed_over": []},
        consequential=True,
    )
    def post(self, request: Request, slug: str) -> Response:
        body = ImportBody.of(request.data)
        check_size(body["file"].size)
        asked = FileAsked(
            gateway=choose_gateway(slug, actor=self.actor),
            source=body["file"].read(),
            format=Format(body["format"]),
            reason=body["reason"],
            title=body.get("title", ""),
            delete_missing=body.get("delete_missing") == "true",
            terms=terms_of(body),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
        )
        if len(asked.source) > AT_ONCE:
            file = keep_for_later(asked, actor=self.actor)
            return Response(kept(file), status=202, headers={"Location": path_of(file)})
        imported = propose_file(asked, actor=self.actor)
        return filed_answer(
            imported.proposed,
            file=None,
            passed_over=passed_over(imported.passed_over),
        )


class Imports(ApiView):
    @operation(
        "getImport",
        summary="See how far a large file is",
        description="Whether the file is still read, the change that it became, or why it was "
        "refused. Only who sent it sees it.",
        parameters=[
            SLUG_PARAMETER,
            path_id("id", "What importToGateway told.", 7, type=int),
        ],
        errors=ONE,
        answer=ImportAnswer,
        answer_words="How far it is.",
        answer_example={
            "change": None,
            "file": {"id": 7, "state": "waiting", "progress": 40, "refusal": {}},
            "passed_over": [],
            "message": "The file is being read: 40 %.",
        },
        consequential=False,
    )
    def get(self, request: Request, slug: str, id: int) -> Response:
        Query.of(request.query_params)
        gateway = choose_gateway(slug, actor=self.actor)
        file = (
            ImportFile.objects.filter(gateway=gateway, author=self.person, pk=id)
            .select_related("gateway", "change__gateway", "change__author")
            .first()
            if id <= LARGEST
            else None
        )
        if file is None:
            raise NotVisible(f"You sent no file {id} to {gateway.slug}.", field="id")
        return Response(kept(file))
