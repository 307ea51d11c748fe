"""What the editor of documents offers while one types."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from gateway.catalogue import known_catalogue
from gateway.completions import completions
from gateway.kinds import KINDS
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page


@require_GET
@page
def completions_of(request: PersonRequest, slug: str, kind: str) -> HttpResponse:
    """Tell the fields of a kind and which plugins there are; `?plugin=` that plugin's."""
    schemas = known_catalogue(visible_gateway(request, slug))
    plugin = request.GET.get("plugin", "")
    if kind not in KINDS:
        return JsonResponse({})
    if plugin or kind == "plugin_metadata":
        schema = schemas.plugin_schema(kind, plugin)
        return JsonResponse(completions(schema) if schema else {})
    told: dict[str, Any] = completions(schemas.kinds.get(kind, {}))
    offered = schemas.stream_plugins if kind == "stream_route" else schemas.plugins
    return JsonResponse(told | {"plugins": sorted(offered)})
