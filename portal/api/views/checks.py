"""What is looked for in every change."""

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.operation import operation
from portal.api.views.base import ApiView
from portal.changes.checks import SUBJECTS
from portal.wire import examples
from portal.wire.answers.checks import CheckPage, told
from portal.wire.answers.fit import page_of
from portal.wire.inputs.query import PageQuery, page_size
from portal.wire.paging import make_cursor, read_cursor


class Checks(ApiView):
    @operation(
        "listChecks",
        summary="List what is looked for in every change",
        description="Every code that a finding may have, by subject: how heavy it is as a rule, "
        "what it says and why it matters. A blocker stops a change; warnings are shown to the reviewer.",
        parameters=[PageQuery],
        answer=CheckPage,
        answer_words="A page of codes.",
        answer_example=examples.page(
            {
                "code": "auth_missing",
                "subject": "Who may call",
                "severity": "warning",
                "words": "A route becomes open to everybody.",
                "matters": "Without it anybody who reaches the gateway may call.",
            }
        )
        | {"as_of": None},
        consequential=False,
    )
    def get(self, request: Request) -> Response:
        query = PageQuery.of(request.query_params)
        after = read_cursor("checks", query.get("cursor"))
        rows = [(subject, code) for subject in SUBJECTS for code in subject.codes]
        if after is not None:
            known = [code.code for _, code in rows]
            rows = rows[known.index(after) + 1 :] if after in known else []
        results, last = page_of(
            rows,
            limit=page_size(query),
            shape=lambda row: told(*row),
            key=lambda row: row[1].code,
        )
        return Response(
            {"results": results, "next": make_cursor("checks", last), "as_of": None}
        )
