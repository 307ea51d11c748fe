"""Which resources of a gateway have which plugin, by the mirror."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.kinds import KINDS
from gateway.models import Gateway, Resource

SHOWN = 50
# Their documents have a member `plugins`, or are for a plugin by their id.
HOLDERS = (
    "route",
    "service",
    "consumer",
    "credential",
    "consumer_group",
    "plugin_config",
    "global_rule",
    "stream_route",
)


@dataclass(frozen=True)
class Users:
    """The resources of one kind that have a plugin: how many, and the first of them."""

    kind: str
    count: int
    shown: Sequence[tuple[str, str]]

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass
class Uses:
    """How often each plugin is used: {plugin: {kind: count}}."""

    by_plugin: dict[str, Counter[str]] = field(default_factory=dict)

    def of(self, plugin: str) -> Mapping[str, int]:
        return self.by_plugin.get(plugin, Counter())


def uses_of_plugins(gateway: Gateway) -> Uses:
    """Count who has which plugin. One query; of each document its plugins only."""
    uses = Uses()
    rows = Resource.objects.filter(gateway=gateway, kind__in=HOLDERS).order_by()
    for kind, plugins in rows.values_list("kind", "document__plugins").iterator(2_000):
        for name in plugins if isinstance(plugins, dict) else ():
            uses.by_plugin.setdefault(name, Counter())[kind] += 1
    return uses


def users_of(gateway: Gateway, plugin: str) -> list[Users]:
    """Return who has a plugin, kind by kind. Two queries for each kind that has it."""
    rows = Resource.objects.filter(
        gateway=gateway, kind__in=HOLDERS, document__plugins__has_key=plugin
    ).order_by()
    found = Counter(rows.values_list("kind", flat=True))
    return [
        Users(
            kind,
            found[kind],
            [
                (resource_id, name if isinstance(name, str) else "")
                for resource_id, name in rows.filter(kind=kind)
                .order_by("resource_id")
                .values_list("resource_id", "document__name")[:SHOWN]
            ],
        )
        for kind in KINDS
        if kind in found
    ]
