"""What a gateway holds once a change is applied, to compare with what it holds now."""

from collections import defaultdict
from functools import cached_property
from typing import Any, Protocol

from gateway.live import Live
from portal.changes.plan import Plan

Document = dict[str, Any]

# {kind whose plugins routes share: how a route names it}, the stronger last
# (gateway/effective.py).
SHARED = {"service": "service_id", "plugin_config": "plugin_config_id"}


class Holdings(Protocol):
    """Documents of one gateway at one time; `gateway.live.Live` are those of now."""

    def find(self, kind: str, resource_id: str) -> Document | None: ...

    def documents(self, kind: str) -> dict[str, Document]: ...


class After:
    """The plan's items over what is live."""

    def __init__(self, plan: Plan, live: Live) -> None:
        self._live = live
        self._wanted = {(i.kind.name, i.id): i.wanted for i in plan.items}

    def find(self, kind: str, resource_id: str) -> Document | None:
        """Return one document, None where there will be none."""
        if (kind, resource_id) in self._wanted:
            return self._wanted[kind, resource_id]
        return self._live.find(kind, resource_id)

    def documents(self, kind: str) -> dict[str, Document]:
        """Return {id: document} of a kind. One list."""
        documents = dict(self._live.documents(kind))
        for (name, resource_id), wanted in self._wanted.items():
            if name == kind:
                documents.pop(resource_id, None)
                if wanted is not None:
                    documents[resource_id] = wanted
        return documents


class Sharing:
    """Which routes share what. One list, once somebody asks."""

    def __init__(self, held: Holdings) -> None:
        self._held = held

    def routes(self, kind: str, resource_id: str) -> dict[str, Document]:
        """Return {id: route} of those that name a resource; a global rule is for all."""
        if kind == "global_rule":
            return self._held.documents("route")
        return self._by_name.get((kind, resource_id), {})

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], dict[str, Document]]:
        found: dict[tuple[str, str], dict[str, Document]] = defaultdict(dict)
        for route_id, route in self._held.documents("route").items():
            for kind, field in SHARED.items():
                if route.get(field) is not None:
                    found[kind, str(route[field])][route_id] = route
        return found
