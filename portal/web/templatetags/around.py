"""What stands above every page of one gateway: how it is, and its other pages."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway

register = template.Library()


@dataclass(frozen=True)
class Way:
    """A tab: where it leads, and under which names of addresses one is there."""

    title: str | Promise
    name: str
    below: Set[str] = frozenset()

    @property
    def names(self) -> Set[str]:
        return self.below | {self.name}


DRIFT = Way(_("Drift"), "drifts", frozenset({"drift", "drift_rules", "resolve_drift"}))
WAYS = (
    Way(_("Overview"), "gateway", frozenset({"promote"})),
    Way(_("Resources"), "resources", frozenset({"resource", "recipes", "recipe"})),
    Way(_("Topology"), "topology"),
    Way(_("Try a request"), "simulate"),
    DRIFT,
    Way(_("Freezes"), "gateway_freezes"),
    Way(_("Certificates"), "gateway_certificates"),
    Way(_("Plugins"), "plugins_of", frozenset({"plugin"})),
    Way(_("OpenAPI"), "openapi", frozenset({"publish_openapi"})),
    Way(_("Files"), "transfer"),
)


@dataclass(frozen=True)
class Tab:
    title: str
    url: str
    count: int
    is_current: bool


@register.inclusion_tag("gateways/_around.html", takes_context=True)
def around(context: dict[str, Any]) -> dict[str, Any]:
    """Draw it for the page's `gateway`, as `visible_gateway` gave it."""
    gateway = context["gateway"]
    here = context["request"].resolver_match.url_name
    return {
        "gateway": gateway,
        "is_staff": context["request"].user.is_staff,
        "tabs": [
            Tab(
                title=str(way.title),
                url=_url(way, gateway),
                count=gateway.open_drifts if way is DRIFT else 0,
                is_current=here in way.names,
            )
            for way in WAYS
        ],
    }


def _url(way: Way, gateway: Gateway) -> str:
    kind = {"kind": "routes"} if way.name == "resources" else {}
    return reverse(f"web:{way.name}", kwargs={"slug": gateway.slug, **kind})
