"""What a gateway holds, as a file."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from portal.accounts.which_gateway import choose_gateway
from portal.api.inputs.transfer import ExportQuery
from portal.api.operation import ONE, operation, path_id
from portal.api.views.base import ApiView
from portal.changes.transfer.export import export
from portal.changes.transfer.formats import Format, Secrets

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
        query = ExportQuery.of(request)
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
