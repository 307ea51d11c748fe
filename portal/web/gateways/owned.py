"""Resources by the group that owns them, as far as an index tells."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from gateway import facets
from gateway.models import Facet, Gateway, Resource, ResourceQuerySet
from portal.accounts.models import Ownership


def owned_among(
    rows: ResourceQuerySet, gateway: Gateway, owned: Iterable[Ownership]
) -> ResourceQuerySet:
    """Keep what lies, by any of its hosts and paths, in one of these parts. No query yet.

    What a change may touch is judged exactly elsewhere (portal/changes/ownership.py).
    """
    fits = Q(pk__in=[])
    for one in owned:
        part = Q()
        for name, value in one.labels.items():
            part &= _has(gateway, name=facets.LABEL, value=f"{name}={value}")
        if one.host:
            part &= answering(gateway, _host(one.host))
        if one.uri_prefix:
            part &= _below(one.uri_prefix.rstrip("/").lower())
        fits |= part
    return rows.filter(fits)


def _host(pattern: str) -> Q:
    """Fit the hosts that `*.example.com`, or a name, stands for."""
    if pattern.startswith("*."):
        return Q(value__endswith=pattern[1:])
    return Q(value=pattern)


def answering(gateway: Gateway, host: Q) -> Q:
    """Fit what has such a host, or has none and is a route of a service that has.

    `host` says it of a facet's value.
    """
    services = Resource.objects.filter(
        pk__in=_resources(gateway, host, name=facets.HOST, kind="service")
    ).values(target=Concat(Value("service/"), "resource_id"))
    own = _resources(gateway, host, name=facets.HOST)
    any_own = _resources(gateway, name=facets.HOST)
    inherits = _has(gateway, name=facets.REFERS, value__in=services)
    return Q(pk__in=own) | (~Q(pk__in=any_own) & inherits)


def _below(prefix: str) -> Q:
    """Fit a path, or all below it: in what is searched each stands on a line."""
    line = f"\n{prefix}"
    return (
        Q(search__contains=f"{line}/")
        | Q(search__contains=f"{line}\n")
        | Q(search__endswith=line)
    )


def _has(gateway: Gateway, **facet: object) -> Q:
    return Q(pk__in=_resources(gateway, **facet))


def _resources(gateway: Gateway, *fits: Q, **facet: object) -> "QuerySet[Facet, Any]":
    found = Facet.objects.filter(*fits, gateway=gateway, **facet)
    return found.values_list("resource", flat=True)
