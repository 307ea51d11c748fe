"""The plugins that a gateway offers: what each takes, and who uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from gateway.kinds import KINDS
from gateway.models import Resource
from gateway.phases import first_phase
from gateway.plugin_use import users_of, uses_of_plugins
from gateway.schema_example import example
from gateway.schema_fields import COMMON, fields_of, needs
from gateway.schema_words import Row, description_of, rows
from gateway.schemas import PLUGIN_SCHEMAS, Schemas
from gateway.sentences import kind_words
from portal.accounts.roles import Verb
from portal.changes.offered import offered
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page, wants_fragment, words_in

GATEWAYS_AT_MOST = 20
# What each schema of a plugin is for.
PARTS = {
    "schema": ("settings", _("On a route, a service and the like")),
    "consumer_schema": ("credential", _("On a consumer or a credential")),
    "metadata_schema": ("metadata", _("As plugin metadata, for all its uses")),
}
PHASES = {
    "rewrite": _("before the request is matched to a caller's limits (rewrite)"),
    "access": _("before the request is passed on (access)"),
    "before_proxy": _("just before the request is passed on (before_proxy)"),
    "header_filter": _("when the answer's headers arrive (header_filter)"),
    "body_filter": _("when the answer's body arrives (body_filter)"),
    "log": _("after the answer was sent (log)"),
}


@dataclass(frozen=True)
class Offer:
    """A plugin in the list: `uses` is [(words, count)], most used first."""

    name: str
    is_stream: bool
    type: str
    priority: Any
    phase: str
    fields: int
    uses: list[tuple[str, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.uses)


@dataclass(frozen=True)
class Part:
    """One of a plugin's schemas as documentation."""

    id: str
    title: str
    rows: list[Row]
    needs: list[str]
    description: str
    example: Any
    schema: Any


@require_GET
@page
def plugins_page(request: PersonRequest) -> HttpResponse:
    """Go to the catalogue of the gateway that is meant: the default, else the first."""
    gateways = request.user.gateways(Verb.READ)
    gateway = gateways.filter(slug="default").first() or gateways.first()
    if gateway is None:
        raise Http404(gettext("There is no gateway that you may see."))
    return redirect("web:plugins_of", slug=gateway.slug)


@require_GET
@page
def catalogue_page(request: PersonRequest, slug: str) -> HttpResponse:
    """List what the gateway offers, searched by name and field."""
    gateway = visible_gateway(request, slug)
    schemas, uses = offered(gateway), uses_of_plugins(gateway)
    words = words_in(request)
    offers = [
        _offer(name, plugin, uses.of(name), is_stream=is_stream)
        for plugins, is_stream in (
            (schemas.plugins, False),
            (_only_stream(schemas), True),
        )
        for name, plugin in sorted(plugins.items())
        if _matches(name, plugin, words)
    ]
    context = {
        "gateway": gateway,
        "words": words,
        "offers": offers,
        "unknown": [
            (name, sum(counts.values()))
            for name, counts in sorted(uses.by_plugin.items())
            if name not in schemas.plugins and name not in schemas.stream_plugins
        ],
    }
    if wants_fragment(request):
        return render(request, "plugins/_list.html", context)
    context["gateways"] = request.user.gateways(Verb.READ)[:GATEWAYS_AT_MOST]
    return render(request, "plugins/list.html", context)


@require_GET
@page
def plugin_page(request: PersonRequest, slug: str, name: str) -> HttpResponse:
    """Tell one plugin: its fields, an example, and who uses it."""
    gateway = visible_gateway(request, slug)
    schemas = offered(gateway)
    plugin = schemas.plugins.get(name) or schemas.stream_plugins.get(name)
    if plugin is None:
        raise Http404(
            gettext(
                "%(gateway)s offers no plugin %(name)s. Whoever runs it can switch it on "
                "in its configuration, under plugins."
            )
            % {"gateway": gateway.slug, "name": name[:80]}
        )
    phase = first_phase(name)
    context = {
        "gateway": gateway,
        "name": name,
        "offer": _offer(name, plugin, {}, is_stream=name not in schemas.plugins),
        "phase": PHASES.get(phase, ""),
        "parts": [
            _part(which, plugin[which], schemas.encrypt_fields.get(name, ()))
            for which in PLUGIN_SCHEMAS
            if isinstance(plugin.get(which), dict)
        ],
        "users": [(KINDS[users.kind], users) for users in users_of(gateway, name)],
        "metadata": Resource.objects.filter(
            gateway=gateway, kind="plugin_metadata", resource_id=name
        ).exists(),
        "may_ask": request.user.may(Verb.ASK, gateway),
    }
    return render(request, "plugins/detail.html", context)


def _offer(
    name: str, plugin: dict[str, Any], uses: Mapping[str, int], *, is_stream: bool
) -> Offer:
    schema = plugin.get("schema")
    named = fields_of(schema) if isinstance(schema, dict) else []
    return Offer(
        name=name,
        is_stream=is_stream,
        type=str(plugin.get("type") or ""),
        priority=plugin.get("priority"),
        phase=first_phase(name),
        fields=sum(field.name != COMMON for field in named),
        uses=[
            (f"{kind_words(kind)}{'' if count == 1 else 's'}", count)
            for kind, count in sorted(uses.items(), key=lambda one: -one[1])
        ],
    )


def _matches(name: str, plugin: dict[str, Any], words: str) -> bool:
    schema = plugin.get("schema")
    fields = fields_of(schema) if isinstance(schema, dict) and words else []
    text = " ".join((name, str(plugin.get("type") or ""), *(f.name for f in fields)))
    return all(word in text.lower() for word in words.lower().split())


def _only_stream(schemas: Schemas) -> dict[str, dict[str, Any]]:
    return {
        name: plugin
        for name, plugin in schemas.stream_plugins.items()
        if name not in schemas.plugins
    }


def _part(which: str, schema: dict[str, Any], secret: tuple[str, ...]) -> Part:
    part_id, title = PARTS[which]
    return Part(
        id=part_id,
        title=str(title),
        rows=rows(schema, secret=secret),
        needs=needs(schema),
        description=description_of(schema),
        example=example(schema, is_plugin=True),
        schema=schema,
    )
