"""OpenAPI documents in, as a change of what a gateway serves; and out, as it serves."""

import json
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from gateway.models import Gateway
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation, path_id
from portal.api.views.base import ApiView, checked, conditional
from portal.api.views.filing import filed_answer, idempotency_key
from portal.api.wire import WithDocument, check_size
from portal.callers import conversation_of
from portal.changes.errors import Malformed
from portal.changes.openapi.asked import (
    DocumentAsked,
    fetched,
    options_of,
    told_url,
)
from portal.changes.openapi.export import export_document, written
from portal.changes.openapi.propose_document import preview_document, propose_document
from portal.changes.openapi.publish import PublishAsked, preview_publish, publish
from portal.changes.transfer.later import AT_ONCE, keep_for_later
from portal.wire import examples
from portal.wire.answers.changes import previewed
from portal.wire.answers.imports import kept, passed_over, path_of
from portal.wire.answers.openapi import document_previewed
from portal.wire.answers.shapes import Filed, ImportAnswer, OpenAPIPreview, Preview
from portal.wire.filing import terms_of
from portal.wire.inputs.openapi import DocumentQuery, OpenAPIImportBody, PublishBody
from portal.wire.operation import ONE

SLUG_PARAMETER = path_id("slug", "The gateway's slug, see listGateways.", "default")
YAML = "application/yaml"


class ImportOpenAPI(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}
    parser_classes = (WithDocument,)

    @operation(
        "importOpenapi",
        summary="Ask for a gateway to serve an OpenAPI document",
        description="Files one change: a service, an upstream and a route for each "
        "operation. Sent again, the document updates what it brought and leaves alone what "
        "people changed. With preview nothing is stored. A large one is read by a worker.",
        body=OpenAPIImportBody,
        body_example={
            "document": "openapi: 3.1.0\ninfo: {title: Conference, version: '1'}\n"
            "servers: [{url: 'https://conference.example.com'}]\n"
            "paths: {/speakers: {get: {operationId: listSpeakers}}}\n",
            "reason": examples.REASON,
        },
        errors=(*ONE, 409, 413, 422),
        status=202,
        answer=ImportAnswer,
        answer_words="Filed for review, or being read; nothing is live yet.",
        answer_example=examples.FILED | {"file": None, "passed_over": []},
        also={200: (OpenAPIPreview, "With preview: what it would do.")},
        consequential=True,
    )
    def post(self, request: Request) -> Response:
        body = checked(OpenAPIImportBody, request)
        gateway = choose_gateway(body.get("gateway"), actor=self.actor)
        is_preview = body.get("preview", False)
        self.actor.require(Verb.READ if is_preview else Verb.ASK, gateway)
        asked = self._asked(request, body, gateway)
        if is_preview:
            return Response(
                document_previewed(preview_document(asked, actor=self.actor))
            )
        if len(asked.source) > AT_ONCE:
            file = keep_for_later(asked, actor=self.actor)
            return Response(kept(file), status=202, headers={"Location": path_of(file)})
        imported = propose_document(asked, actor=self.actor)
        return filed_answer(
            imported.proposed, file=None, passed_over=passed_over(imported.remarks)
        )

    def _asked(
        self, request: Request, body: dict[str, Any], gateway: Gateway
    ) -> DocumentAsked:
        options, url = body.get("options", {}), body.get("url", "")
        if ("document" in body) is bool(url):
            raise Malformed("Give either the document or its url.", field="document")
        # Before anything is fetched: a word that is wrong costs no call.
        told = options_of(options, gateway, url=told_url(url))
        document = body.get("document")
        if isinstance(document, dict):
            # In its own order, which is that of the routes.
            source = json.dumps(document).encode()
        elif isinstance(document, str):
            source = document.encode()
        else:
            source = fetched(url, limit=settings.IMPORT_LIMIT)
        check_size(len(source))
        return DocumentAsked(
            gateway=gateway,
            source=source,
            url=told_url(url),
            options=told,
            delete_missing=options.get("delete_missing", False),
            terms=terms_of(body),
            reason=body.get("reason", ""),
            title=body.get("title", ""),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
        )


class OpenAPIOfGateway(ApiView):
    @operation(
        "exportOpenapi",
        summary="Describe what a gateway serves as an OpenAPI document",
        description="OpenAPI 3.1 of all routes, or those of a host or a service, as last "
        "seen. Imported operations say what their document said; callers must prove what "
        "the gateway enforces. Send If-None-Match to be told whether it changed.",
        parameters=[SLUG_PARAMETER, DocumentQuery],
        errors=ONE,
        answer=OpenApiTypes.OBJECT,
        answer_words="The document.",
        answer_type=YAML,
        answer_example={
            "openapi": "3.1.1",
            "info": {"title": "Conference", "version": "1"},
            "paths": {},
        },
        also={304: (None, "As it was.")},
        consequential=False,
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        query = DocumentQuery.of(request.query_params)
        document = export_document(
            choose_gateway(slug, actor=self.actor, field="slug"),
            actor=self.actor,
            host=query.get("host", ""),
            service=query.get("service", ""),
        )
        whole = HttpResponse(written(document), content_type=YAML)
        return conditional(request._request, whole) or whole


class PublishOpenAPI(ApiView):
    verbs: ClassVar = {"POST": Verb.ASK}

    @operation(
        "publishOpenapi",
        summary="Ask for a gateway to tell itself what it serves",
        description="Files one change: routes /openapi.yaml and /.well-known/ai-plugin.json "
        "on the gateway, which answer its OpenAPI document as it is now, and a manifest for "
        "chat clients. Publishing again renews them. With preview nothing is stored.",
        parameters=[SLUG_PARAMETER],
        body=PublishBody,
        body_example={
            "name": "Conference",
            "description": "Who speaks when at the conference.",
            "reason": examples.REASON,
        },
        errors=(*ONE, 409, 422),
        status=202,
        answer=Filed,
        answer_words="Filed for review; not live yet.",
        answer_example=examples.FILED,
        also={200: (Preview, "With preview: what it would do.")},
        consequential=True,
    )
    def post(self, request: Request, slug: str) -> Response:
        body = checked(PublishBody, request)
        asked = PublishAsked(
            gateway=choose_gateway(slug, actor=self.actor, field="slug"),
            terms=terms_of(body),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
            **{
                name: body.get(name, "")
                for name in (
                    "name",
                    "description",
                    "host",
                    "service",
                    "reason",
                    "title",
                )
            },
        )
        if body.get("preview"):
            return Response(previewed(preview_publish(asked, actor=self.actor)))
        return filed_answer(publish(asked, actor=self.actor))
