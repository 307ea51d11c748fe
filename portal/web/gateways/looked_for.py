"""What somebody looks for in a list of resources, and what there is to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gateway import facets
from gateway.kinds import Kind
from gateway.models import Facet, Gateway, ResourceQuerySet
from gateway.visible import visible
from portal.accounts.models import Ownership
from portal.web.gateways.owned import answering, owned_among
from portal.web.pages import words_in

CHOICES_AT_MOST = 100
# No facet of the document: who owns the part in which it lies.
GROUP = "group"
# {facet: (title, whether it is typed rather than chosen)}
CHOSEN = {
    facets.HOST: (_("Host"), True),
    facets.PLUGIN: (_("Plugin"), False),
    facets.LABEL: (_("Label"), True),
    facets.OWNER: (_("Kept by"), False),
    facets.METHOD: (_("Method"), False),
    GROUP: (_("Owned by"), False),
}
ON = "on"
SORTS = {"": "resource_id", "name": "by_name"}


@dataclass(frozen=True)
class LookedFor:
    """`values` is {facet: value}, for those that were given."""

    words: str
    values: Mapping[str, str]
    sort: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Read it of the address; a facet or an order that there is none of counts not."""
        given = {name: words_in(request, name) for name in (*CHOSEN, facets.STATUS)}
        if given[facets.STATUS] not in (ON, facets.OFF):
            given[facets.STATUS] = ""
        sort = request.GET.get("sort", "")
        return cls(
            words=words_in(request),
            values={name: value for name, value in given.items() if value},
            sort=sort if sort in SORTS else "",
        )

    @property
    def key(self) -> str:
        """The unique column by which the list is in order."""
        return SORTS[self.sort]

    def fields(
        self, choices: Mapping[str, Sequence["Choice"]]
    ) -> list[tuple[str, str, Sequence["Choice"], str, bool]]:
        """Return (name, title, choices, value, whether it is typed) of what one can choose.

        What nothing here has is no field, unless it was asked for.
        """
        return [
            (
                name,
                str(title),
                choices.get(name, ()),
                self.values.get(name, ""),
                is_typed,
            )
            for name, (title, is_typed) in CHOSEN.items()
            if name in choices or name in self.values
        ]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.words or self.values)

    def among(self, rows: ResourceQuerySet, gateway: Gateway, kind: Kind) -> Any:
        """Keep what fits all of it. No query yet."""
        for name, value in self.values.items():
            if name == GROUP:
                owned = Ownership.objects.on(gateway).filter(group__name=value)
                rows = owned_among(rows, gateway, owned)
                continue
            if name == facets.HOST:
                host = Q(value__contains=value.lower())
                rows = rows.filter(answering(gateway, host))
                continue
            having = Facet.objects.filter(
                _fits(name, value), gateway=gateway, kind=kind.name
            ).values("resource")
            if value == ON:
                rows = rows.exclude(pk__in=having)
            else:
                rows = rows.filter(pk__in=having)
        return rows.matching(self.words)


def _fits(name: str, value: str) -> Q:
    """Return how a facet is looked for: labels by key or `key=value`."""
    named = Q(name=name)
    if name == facets.LABEL:
        return named & (Q(value=value) | Q(value__startswith=f"{value}="))
    if name == facets.STATUS:
        return named & Q(value=facets.OFF)
    return named & Q(value=value)


@dataclass(frozen=True)
class Choice:
    """`count` says how many have it; None where that is not known."""

    value: str
    count: int | None


def choices_of(gateway: Gateway, kind: Kind) -> Mapping[str, Sequence[Choice]]:
    """Return {facet: what there is most of}. Three queries, two of an index alone."""
    counted = (
        Facet.objects.filter(gateway=gateway, kind=kind.name, name__in=CHOSEN)
        .order_by()
        .values("name", "value")
        .annotate(count=Count("resource"))
        .annotate(
            rank=Window(
                RowNumber(),
                partition_by=F("name"),
                order_by=[F("count").desc(), F("value")],
            )
        )
        .filter(rank__lte=CHOICES_AT_MOST)
    )
    found: dict[str, list[Choice]] = {}
    for row in counted:
        # What holds characters that hide is no choice: it would look like another.
        if visible(row["value"]) == row["value"]:
            choice = Choice(row["value"], row["count"])
            found.setdefault(row["name"], []).append(choice)
    if kind.name == "route" and (hosts := _hosts_of_services(gateway)):
        known = {one.value for one in found.get(facets.HOST, ())}
        more = [Choice(host, None) for host in hosts if host not in known]
        found.setdefault(facets.HOST, []).extend(more)
    for choices in found.values():
        choices.sort(key=lambda one: one.value)
    groups = Ownership.objects.on(gateway).values_list("group__name", flat=True)
    if names := sorted({one for one in groups if visible(one) == one}):
        found[GROUP] = [Choice(name, None) for name in names[:CHOICES_AT_MOST]]
    return found


def _hosts_of_services(gateway: Gateway) -> list[str]:
    """Return hosts that routes without their own may answer."""
    hosts = Facet.objects.filter(gateway=gateway, kind="service", name=facets.HOST)
    values = hosts.order_by().values_list("value", flat=True).distinct()
    return [host for host in values[:CHOICES_AT_MOST] if visible(host) == host]
