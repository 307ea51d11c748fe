"""What a resource refers to, and what refers to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from gateway import facets
from gateway.kinds import KINDS, Kind
from gateway.models import Facet, Gateway, Resource
from gateway.references import references_of, secrets_of

SHOWN = 30


@dataclass(frozen=True)
class Related:
    """A resource at the other end; `path` is the field that names it, "" from there."""

    kind: Kind
    id: str
    path: str = ""
    is_missing: bool = False


@dataclass(frozen=True)
class Relations:
    """`more` refer to it besides those in `referring`."""

    refers: Sequence[Related]
    referring: Sequence[Related]
    more: int


def relations_of(
    gateway: Gateway, kind: Kind, resource_id: str, resource: Resource | None
) -> Relations:
    """Return both, by the mirror. Three queries at most."""
    referring = Facet.objects.filter(
        gateway=gateway, name=facets.REFERS, value=f"{kind.name}/{resource_id}"
    ).order_by("kind", "resource__resource_id")
    shown = list(referring.values_list("kind", "resource__resource_id")[: SHOWN + 1])
    return Relations(
        refers=_refers(gateway, resource),
        referring=[Related(KINDS[name], one) for name, one in shown[:SHOWN]],
        more=referring.count() - SHOWN if len(shown) > SHOWN else 0,
    )


def _refers(gateway: Gateway, resource: Resource | None) -> list[Related]:
    document = resource.document if resource else None
    if resource is None or not isinstance(document, dict):
        return []
    named = [
        *references_of(resource.kind, document),
        *((path, "secret", secret_id) for secret_id, path in secrets_of(document)),
    ]
    if not named:
        return []
    wanted = Q()
    for _, kind, resource_id in named:
        wanted |= Q(kind=kind, resource_id=resource_id)
    there = set(
        Resource.objects.filter(wanted, gateway=gateway).values_list(
            "kind", "resource_id"
        )
    )
    return [
        Related(KINDS[kind], resource_id, path, (kind, resource_id) not in there)
        for path, kind, resource_id in named
    ]
