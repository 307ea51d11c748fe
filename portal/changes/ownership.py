"""What a group owns of a gateway, and what lies outside of what somebody may ask for.

Judged on both sides of a change, so that nobody takes a part over and nobody moves one
out. A label is the author's to write: it proves nothing of a new route, and nothing
where what a route answers becomes another.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.effective import hosts_of, texts
from gateway.held import Held
from gateway.kinds import KINDS
from gateway.models import Gateway
from gateway.references import holders_of, references_of
from portal.accounts.models import Ownership

Document = dict[str, Any]
Place = tuple[str, str]  # host, "" for any; URI or its pattern

# What does nothing before a route refers to it.
SHARED = frozenset({"service", "upstream", "plugin_config", "proto"})
ANY_HOST = ("",)
# From one of these on, an address is a pattern.
WILD = "*:{"


@dataclass(frozen=True)
class Sides:
    """One resource before and after a change; None where it is not there."""

    kind: str
    id: str
    base: Document | None
    wanted: Document | None


class Parts:
    """Some ownerships, over what a gateway holds before and after a change."""

    def __init__(
        self, owned: Sequence[Ownership], *, before: Held, after: Held
    ) -> None:
        self._owned = owned
        self._before = before
        self._after = after

    def outside(self, item: Sides) -> str:
        """Return the field by which an item lies outside; "" when it lies inside."""
        if item.kind == "route":
            return self._route_outside(item)
        if item.kind in SHARED:
            return self._shared_outside(item)
        # Of anything else a new one would count for everybody.
        kept = self._labelled(item.base) and (
            item.wanted is None or self._labelled(item.wanted)
        )
        return "" if kept and is_where_it_was(item) else "labels"

    def _route_outside(self, item: Sides) -> str:
        before, after = places_of(item.base, self._before), []
        if item.wanted is not None:
            after = places_of(item.wanted, self._after)
        same = item.base is not None and set(before) >= set(after)
        for document, places in ((item.base, before), (item.wanted, after)):
            if document is None or self._owns_places(document, places):
                continue
            if not (same and self._labelled(document)):
                return _field_of(document)
        return ""

    def _shared_outside(self, item: Sides) -> str:
        if item.kind == "service" and (field := self._moved_routes_outside(item)):
            return field
        sides = [one for one in (item.base, item.wanted) if one is not None]
        if all(self._labelled(one) for one in sides):
            return ""
        if item.base is not None:
            routes = self._referring(item, self._before)
            if not routes or not self._owns_routes(routes, self._before):
                return "labels"
        routes = self._referring(item, self._after)
        inside = routes is not None and self._owns_routes(routes, self._after)
        return "" if inside else "labels"

    def _moved_routes_outside(self, item: Sides) -> str:
        """Routes without hosts of their own answer those of their service."""
        if hosts_of(item.base or {}) == hosts_of(item.wanted or {}):
            return ""
        for held in (self._before, self._after):
            for route in held.documents("route").values():
                if str(route.get("service_id")) != item.id or hosts_of(route):
                    continue
                if not self._owns_routes([dict(route)], held):
                    return "hosts"
        return ""

    def _owns_routes(self, routes: Iterable[Document], held: Held) -> bool:
        return all(self._owns_places(route, places_of(route, held)) for route in routes)

    def _owns_places(self, document: Document, places: Sequence[Place]) -> bool:
        return bool(places) and all(
            any(covers(one, document, place) for one in self._owned) for place in places
        )

    def _labelled(self, document: Document | None) -> bool:
        return document is not None and any(
            one.labels and not one.names_a_place and has_labels(one, document)
            for one in self._owned
        )

    def _referring(self, item: Sides, held: Held) -> list[Document] | None:
        """Return the routes that need it; None where anything but routes does."""
        wanted, seen = [(item.kind, item.id)], set()
        routes: list[Document] = []
        while wanted:
            target = wanted.pop()
            for holder in holders_of([target[0]]):
                for holder_id, document in held.documents(holder).items():
                    if (holder, holder_id) in seen or not any(
                        (kind, found) == target
                        for _, kind, found in references_of(holder, dict(document))
                    ):
                        continue
                    seen.add((holder, holder_id))
                    if holder == "route":
                        routes.append(dict(document))
                    elif holder in SHARED:
                        wanted.append((holder, holder_id))
                    else:
                        return None
        return routes


def places_of(route: Document | None, held: Held) -> list[Place]:
    """Return where a route answers: on its own hosts, else on those of its service."""
    if route is None:
        return []
    hosts: Sequence[str] = hosts_of(route)
    if not hosts and route.get("service_id") is not None:
        hosts = hosts_of(held.find("service", str(route["service_id"])) or {})
    uris = texts(route.get("uris")) or texts(route.get("uri"))
    return [(host, uri) for host in hosts or ANY_HOST for uri in uris]


def covers(owned: Ownership, document: Document, place: Place) -> bool:
    """Say whether all of a place of a route lies in a part."""
    host, uri = place
    return (
        owned.names_a_place
        and (not owned.host or _is_host_within(host.lower(), owned.host))
        and (not owned.uri_prefix or _is_uri_within(uri, owned.uri_prefix))
        and has_labels(owned, document)
    )


def meets(owned: Ownership, document: Document, place: Place) -> bool:
    """Say whether a place of a route and a part have a request in common."""
    host, uri = place
    return (
        owned.names_a_place
        and (not owned.host or not host or _may_share_host(host.lower(), owned.host))
        and (not owned.uri_prefix or _may_share_uri(uri, owned.uri_prefix))
        and has_labels(owned, document)
    )


def _may_share_host(host: str, pattern: str) -> bool:
    return _is_host_within(host, pattern) or (
        host.startswith("*") and pattern.lstrip("*").endswith(host[1:])
    )


def _may_share_uri(uri: str, prefix: str) -> bool:
    start, is_pattern = before_wild(uri)
    return _is_uri_within(uri, prefix) or (
        is_pattern and prefix.rstrip("/").startswith(start.rstrip("/"))
    )


def before_wild(uri: str) -> tuple[str, bool]:
    """Return what an address begins with, and whether more of it is a pattern."""
    for position, letter in enumerate(uri):
        if letter in WILD:
            return uri[:position], True
    return uri, False


def _is_host_within(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _is_uri_within(uri: str, prefix: str) -> bool:
    """Say whether a URI, or all that a pattern stands for, is the prefix or below it."""
    below = prefix.rstrip("/") + "/"
    return uri.startswith(below) or (uri == prefix.rstrip("/") and bool(uri))


def has_labels(owned: Ownership, document: Document) -> bool:
    labels = document.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    return all(labels.get(name) == value for name, value in owned.labels.items())


def is_where_it_was(item: Sides) -> bool:
    """Say whether it counts, if at all, for requests for which it counted before."""
    if item.wanted is None:
        return True
    return item.base is not None and _scope(item.base) == _scope(item.wanted)


def _scope(document: Document) -> list[Any]:
    """Return what says for which requests it counts, of kinds that have such fields."""
    names = ("sni", "snis", "server_addr", "server_port", "remote_addr", "username")
    return [document.get(name) for name in names]


def _field_of(route: Document) -> str:
    return "uris" if route.get("uris") else "uri"


def title_of(item: Sides) -> str:
    return f"{KINDS[item.kind].title.lower()} {item.id}"


def all_owners(
    item: Sides, gateway: Gateway, *, before: Held, after: Held
) -> Iterator[str]:
    """Yield the names of the groups that own either side of an item."""
    for owned in Ownership.objects.on(gateway):
        for document, held in ((item.base, before), (item.wanted, after)):
            if document is None:
                continue
            same = Sides(item.kind, item.id, document, document)
            if not Parts([owned], before=held, after=held).outside(same):
                yield owned.group.name
