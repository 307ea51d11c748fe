"""The kinds of resource that a gateway holds, for those who choose one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from gateway.kinds import KINDS, Kind
from gateway.models import Gateway, Resource


@dataclass(frozen=True)
class Choice:
    """A kind and how many of it there are."""

    kind: Kind
    count: int
    is_current: bool


@dataclass(frozen=True)
class Kinds:
    """What is held, and what is not."""

    held: Sequence[Choice]
    empty: Sequence[Choice]


def kinds_of(gateway: Gateway, current: Kind | None = None) -> Kinds:
    """Return the kinds, most used first; the current one counts as held. One query."""
    counts = dict(
        Resource.objects.filter(gateway=gateway)
        .order_by()
        .values_list("kind")
        .annotate(count=Count("pk"))
    )
    # What depends on others stands before what it depends on.
    kinds = sorted(KINDS.values(), key=lambda kind: (-kind.tier, kind.title))
    kinds.sort(key=lambda kind: kind.name != "route")
    choices = [Choice(one, counts.get(one.name, 0), one == current) for one in kinds]
    return Kinds(
        held=[one for one in choices if one.count or one.is_current],
        empty=[one for one in choices if not (one.count or one.is_current)],
    )
