"""Write ADC's file: services with their routes, consumers with their credentials. Pure.

ADC knows routes below services only, so a route without one gets a service made for
it, and an upstream is written into each service that uses it. What ADC would set
otherwise (it switches everything on) is left out rather than said wrongly.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.formats.adc_fields import (
    CHECK_HEADERS,
    FIELDS,
    NAME_LABEL,
    OWN_UPSTREAM,
    SERVICE_LABEL,
    listed_nodes,
    sayable,
    wrapper_id,
    wrapper_name,
)
from gateway.formats.adc_flat import consumers, global_rules, named, ssls
from gateway.formats.contents import Document, Key, Losses, Written, normal
from gateway.formats.writer import write_yaml


def write(documents: Mapping[Key, Document], *, head: Sequence[str] = ()) -> Written:
    """Return the file; `head` stands above it as comment, the losses below that."""
    writer = _Writer(normal(documents))
    told = writer.told()
    said = writer.losses.said()
    return Written(write_yaml(told, head=[*head, *said]), said)


class _Writer:
    """Turns the documents of one gateway into the parts of one file."""

    def __init__(self, documents: Mapping[Key, Document]) -> None:
        self.losses = Losses()
        self._all = documents
        self._services: dict[str, Document] = {}
        self._users: Counter[str] = Counter()

    def told(self) -> Document:
        """Return the whole file's value, without parts that are empty."""
        for resource_id, document in self._of("service"):
            self._services[resource_id] = self._service(resource_id, document)
        for kind in ("route", "stream_route"):
            for resource_id, document in self._of(kind):
                self._place(kind, resource_id, document)
        self._upstreams()
        told = {
            "services": list(self._services.values()),
            "ssls": ssls(self._of("ssl"), self.losses),
            "consumers": consumers(
                self._of("consumer"), self._of("credential"), self.losses
            ),
            "global_rules": global_rules(self._of("global_rule"), self.losses),
            "plugin_metadata": dict(self._of("plugin_metadata")),
        }
        for kind in ("plugin_config", "consumer_group", "proto", "secret"):
            for resource_id, _ in self._of(kind):
                self.losses.add("ADC has no place for it", kind, resource_id)
        return {name: value for name, value in told.items() if value}

    def _of(self, kind: str) -> list[tuple[str, Document]]:
        return [(key[1], one) for key, one in self._all.items() if key[0] == kind]

    def _service(self, resource_id: str, document: Document) -> Document:
        service = named("service", resource_id, document, self.losses)
        return service | self._upstream_of("service", resource_id, document)

    def _upstream_of(self, kind: str, resource_id: str, holder: Document) -> Document:
        """Return {"upstream": …} for what a service or route forwards to, or {}."""
        upstream, upstream_id = (holder.get(name) for name in OWN_UPSTREAM)
        if upstream_id is not None:
            upstream = self._all.get(("upstream", str(upstream_id)))
            if upstream is None:
                self.losses.add(
                    "It names an upstream that is not there", kind, resource_id
                )
                return {}
            self._users[str(upstream_id)] += 1
            # Its name is that of a resource, which ADC names by the service.
            upstream = {n: v for n, v in upstream.items() if n != "name"}
        if not isinstance(upstream, dict):
            return {}
        return {"upstream": self._upstream(kind, resource_id, upstream)}

    def _upstream(self, kind: str, resource_id: str, upstream: Document) -> Document:
        for name in sorted(upstream.keys() - sayable("upstream")):
            self.losses.add(
                f"ADC has no field {name} in an upstream", kind, resource_id
            )
        told = {
            theirs: upstream[ours]
            for theirs, ours in FIELDS["upstream"].items()
            if ours in upstream
        }
        if "nodes" in told:
            nodes = listed_nodes(upstream)
            if nodes is None:
                del told["nodes"]
                self.losses.add(
                    "ADC has no way to write the nodes of its upstream",
                    kind,
                    resource_id,
                )
            else:
                told["nodes"] = nodes
        if "checks" in told:
            told["checks"] = _checks(told["checks"])
        return told

    def _place(self, kind: str, resource_id: str, document: Document) -> None:
        """Put a route below its service, or below one made for it."""
        why_not = self._why_not(kind, document)
        if why_not:
            self.losses.add(f"Left out: {why_not}", kind, resource_id)
            return
        route = self._route(kind, resource_id, document)
        service_id = document.get("service_id")
        if service_id is None:
            service: Document = {
                "id": wrapper_id(kind, resource_id),
                "name": wrapper_name(kind, resource_id),
            } | self._upstream_of(kind, resource_id, document)
            self._services[str(service["id"])] = service
        else:
            service = self._services[str(service_id)]
        service.setdefault(f"{kind}s", []).append(route)

    def _why_not(self, kind: str, document: Document) -> str:
        """Say why ADC would make something else of a route, "" when it would not."""
        service_id = document.get("service_id")
        if document.get("status") == 0:
            return "ADC would switch it on"
        for name in ("script", "protocol"):
            if name in document:
                return f"ADC knows no {name}"
        if service_id is None:
            pass
        elif str(service_id) not in self._services:
            return "its service is not there"
        elif any(name in document for name in OWN_UPSTREAM):
            return "ADC would send it to its service's upstream, not to its own"
        elif kind == "stream_route" and "routes" in self._services[str(service_id)]:
            return "ADC allows no stream routes beside routes in one service"
        plugin_config = document.get("plugin_config_id")
        if plugin_config is not None and (
            ("plugin_config", str(plugin_config)) not in self._all
        ):
            return "its plugin config is not there"
        return ""

    def _route(self, kind: str, resource_id: str, document: Document) -> Document:
        plugin_config = document.get("plugin_config_id")
        if plugin_config is not None:
            self.losses.add(
                "The plugins of its plugin config are written into it",
                kind,
                resource_id,
            )
            shared = self._all["plugin_config", str(plugin_config)].get("plugins")
            document = document | {
                "plugins": (shared or {}) | (document.get("plugins") or {})
            }
        document = {n: v for n, v in document.items() if n != "status"}
        route = named(kind, resource_id, document, self.losses)
        labels = route.get("labels")
        if kind == "stream_route" and isinstance(labels, dict) and NAME_LABEL in labels:
            rest = {n: v for n, v in labels.items() if n != NAME_LABEL}
            route |= {"name": labels[NAME_LABEL], "labels": rest}
            if not rest:
                del route["labels"]
        return route

    def _upstreams(self) -> None:
        """Put what ADC marked as a service's further upstreams there; drop the rest."""
        for resource_id, document in self._of("upstream"):
            labels = document.get("labels")
            labels = labels if isinstance(labels, dict) else {}
            owner = self._services.get(str(labels.get(SERVICE_LABEL)))
            if owner is not None and "upstream" in owner:
                rest = {n: v for n, v in labels.items() if n != SERVICE_LABEL}
                document = {n: v for n, v in document.items() if n != "labels"}
                document |= {"labels": rest} if rest else {}
                told = self._upstream("upstream", resource_id, document)
                told = {"id": resource_id, "name": resource_id} | told
                owner.setdefault("upstreams", []).append(told)
            elif self._users[resource_id] != 1:
                self.losses.add(
                    "It is written into each service that uses it"
                    if self._users[resource_id]
                    else "Left out: ADC has upstreams in services only",
                    "upstream",
                    resource_id,
                )


def _checks(checks: Any) -> Any:
    active = checks.get("active") if isinstance(checks, dict) else None
    if not isinstance(active, dict) or "req_headers" not in active:
        return checks
    rest = {n: v for n, v in active.items() if n != "req_headers"}
    return checks | {"active": rest | {CHECK_HEADERS[0]: active["req_headers"]}}
