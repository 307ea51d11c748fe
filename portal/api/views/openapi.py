"""OpenAPI documents in: what they say, as a change of what a gateway serves."""

import json
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from gateway.models import Gateway
from portal.accounts.roles import Verb
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation
from portal.api.views.base import ApiView, checked
from portal.api.views.filing import filed_answer, idempotency_key
from portal.api.wire import TooLarge, WithDocument, check_size
from portal.callers import conversation_of
from portal.changes.errors import Malformed
from portal.changes.openapi.asked import DocumentAsked, fetched, options_of
from portal.changes.openapi.propose_document import preview_document, propose_document
from portal.changes.transfer.later import AT_ONCE, keep_for_later
from portal.wire import examples
from portal.wire.answers.imports import kept, passed_over, path_of
from portal.wire.answers.openapi import document_previewed
from portal.wire.answers.shapes import ImportAnswer, OpenAPIPreview
from portal.wire.filing import terms_of
from portal.wire.inputs.openapi import OpenAPIImportBody
from portal.wire.operation import ONE

# Bytes that are previewed while somebody waits: some hundred operations.
PREVIEW_LIMIT = 4 * AT_ONCE


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
            if len(asked.source) > PREVIEW_LIMIT:
                raise TooLarge(
                    f"A preview reads documents of up to {PREVIEW_LIMIT:,} bytes. Send it "
                    "without preview: nothing is live before somebody agrees."
                )
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
        told = options_of(options, gateway, url=url)
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
            url=url,
            options=told,
            delete_missing=options.get("delete_missing", False),
            terms=terms_of(body),
            reason=body.get("reason", ""),
            title=body.get("title", ""),
            idempotency_key=idempotency_key(request, body.get("idempotency_key")),
            conversation=conversation_of(request._request),
        )
