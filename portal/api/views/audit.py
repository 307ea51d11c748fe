"""The ledger, for programs to read: what their person reads on the page, no more.

Taking it away as a file is for people, at /audit/export.
"""

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.errors import NotVisible
from portal.accounts.visible_events import events_visible_to
from portal.api.operation import operation, path_id
from portal.api.views.base import ApiView
from portal.trail.filters import Filters
from portal.wire import examples
from portal.wire.answers.audit import EventPage, WholeEvent, told, whole
from portal.wire.answers.fit import page_of
from portal.wire.inputs.audit import AuditQuery
from portal.wire.inputs.query import Query, page_size
from portal.wire.operation import ONE
from portal.wire.operations.changes import LARGEST
from portal.wire.paging import make_cursor, read_cursor

EVENT = {
    "number": 4211,
    "at": examples.AS_OF,
    "event": "gateway.changed",
    "actor": "admin",
    "actor_id": 1,
    "channel": "portal",
    "client": "Mozilla/5.0",
    "token_id": None,
    "request_id": "0f3c9a",
    "gateway": "default",
    "subject_type": "gateway",
    "subject_id": "default",
    "subject": "Conference gateway",
    "revision": None,
    "details": {
        "fields": ["approvals_required"],
        "approvals_required": {"from": 1, "to": 2},
    },
    "previous_hash": "5d41402abc4b2a76b9719d911017c592" * 2,
    "hash": "7d793037a0760186574b0282f2f435e7" * 2,
    "words": "changed the gateway's settings",
    "url": "https://gatehouse.example.com/audit/4211/",
}
CHANGED = {
    "kind": "settings",
    "id": "default",
    "differences": [
        {
            "path": "approvals_required",
            "op": "change",
            "words": "approvals_required: 1 → 2",
            "before": 1,
            "after": 2,
        }
    ],
}


class Events(ApiView):
    @operation(
        "listAuditEvents",
        summary="Search the audit",
        description="Entries of the ledger, newest first: who did what, when, by which "
        "program. You see what concerns your gateways and what you did; auditors see all.",
        parameters=[AuditQuery],
        answer=EventPage,
        answer_words="A page of entries.",
        answer_example=examples.page(EVENT),
        consequential=False,
    )
    def get(self, request: Request) -> Response:
        query = AuditQuery.of(request.query_params)
        after = read_cursor("audit", query.get("cursor"))
        rows = Filters(**AuditQuery.filters_of(query)).of(
            events_visible_to(self.person)
        )
        if after is not None:
            rows = rows.filter(number__lt=after)
        limit = page_size(query)
        results, last = page_of(
            rows.order_by("-number")[: limit + 1],
            limit=limit,
            shape=told,
            key=lambda event: event.number,
        )
        # Nothing is read from a gateway: what is told is as it is now.
        return Response(
            {"results": results, "next": make_cursor("audit", last), "as_of": None}
        )


class OneEvent(ApiView):
    @operation(
        "getAuditEvent",
        summary="Read one entry of the audit",
        description="One entry whole: what it changed, before and after, the hash of the "
        "entry before and its own, and whether it holds.",
        parameters=[path_id("number", "The entry's number.", 4211, type=int)],
        errors=ONE,
        answer=WholeEvent,
        answer_words="The entry.",
        answer_example=EVENT
        | {"is_intact": True, "follows": True, "changed": [CHANGED]},
        consequential=False,
    )
    def get(self, request: Request, number: int) -> Response:
        Query.of(request.query_params)
        event = (
            events_visible_to(self.person).filter(pk=number).first()
            if number <= LARGEST
            else None
        )
        if event is None:
            raise NotVisible(
                f"There is no entry {number} that you may see.", field="number"
            )
        return Response(whole(event, self.person))
