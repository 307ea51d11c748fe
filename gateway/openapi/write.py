"""Write the routes of a gateway as an OpenAPI document.

Operations that were imported say what their document said, as long as the route still
takes what it said; others are told by their shape. What callers must prove is what the
gateway enforces: a route's own plugins, those of its plugin config and service, and of
global rules.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway.effective import effective
from gateway.held import Held
from gateway.openapi.callers import Enforced, enforced_by
from gateway.openapi.components import Components
from gateway.openapi.convert import whose
from gateway.openapi.errors import OpenAPIError
from gateway.openapi.operations import Operation, operations_of
from gateway.openapi.security import plugins_for, requirement_of, schemes_of
from gateway.openapi.shape import methods_of, parameters_in, paths_of
from gateway.openapi.shapes import Document
from gateway.openapi.upgrade import VERSION
from gateway.router.match import Mode

PUBLISHED = "openapi.published"
# Fields that tell which requests a route takes.
TAKES = ("uri", "uris", "methods", "vars")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to write of a gateway: all, or what a host or a service is for."""

    title: str
    public_url: str
    mode: Mode | None = None
    host: str = ""
    service: str = ""


@dataclass(frozen=True)
class Said:
    """What one imported document said: see portal's record of it."""

    spec: str
    document: Document
    takes: Mapping[str, list[list[str]]]
    routes: Mapping[str, Document]
    operations: Mapping[tuple[str, str], Operation] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: str, whole: Mapping[str, Any]) -> "Said | None":
        """Return it from its record; None where the document was not kept."""
        document = whole["document"]
        if document is None:
            return None
        return cls(
            spec,
            document,
            whole["takes"],
            {
                whose(one)[1]: one
                for kind, _, one in whole["documents"]
                if kind == "route"
            },
            {(one.method, one.path): one for one in operations_of(document)},
        )


@dataclass
class _Told:
    """One operation of the document to be."""

    method: str
    path: str
    base: str
    document: Document
    hosts: tuple[str, ...]
    enforced: Enforced
    said: Said | None = None


def write(held: Held, said: Mapping[str, Said], wanted: Wanted) -> Document:
    """Return the OpenAPI document of what a gateway serves."""
    return _Writing(held, said, wanted).document()


class _Writing:
    def __init__(self, held: Held, said: Mapping[str, Said], wanted: Wanted) -> None:
        self._held, self._said, self._wanted = held, said, wanted
        self._components = Components()
        self._schemes: dict[str, Document] = {}
        self._ids: set[str] = set()
        self._global = [
            (name, settings)
            for rule in held.documents("global_rule").values()
            for name, settings in (rule.get("plugins") or {}).items()
        ]

    def document(self) -> Document:
        told = [one for route in self._routes() for one in self._operations(*route)]
        bases = {one.base for one in told}
        hosts = {one.hosts for one in told}
        shared = hosts.pop() if len(hosts) == 1 else ()
        base = bases.pop() if len(bases) == 1 else ""
        paths: Document = {}
        for one in told:
            path = one.path if one.base == base else one.base + one.path
            item = paths.setdefault(path, {})
            # Told once: another route that takes the same is for other hosts or callers.
            if one.method not in item:
                item[one.method] = self._written(one, shared)
        made: Document = {
            "openapi": VERSION,
            "info": self._info(told),
            "servers": self._servers(shared, base),
            "paths": dict(sorted(paths.items())),
        }
        sections = dict(self._components.sections)
        if self._schemes:
            sections["securitySchemes"] = dict(sorted(self._schemes.items()))
        if sections:
            made["components"] = sections
        return made

    def _routes(self) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
        for route_id, route in sorted(self._held.documents("route").items()):
            if route.get("status", 1) == 0 or PUBLISHED in (route.get("labels") or {}):
                continue
            service = str(route.get("service_id", ""))
            if self._wanted.service and service != self._wanted.service:
                continue
            found = effective(route, self._held.find)
            if self._wanted.host and not _is_for(found.hosts, self._wanted.host):
                continue
            yield route_id, route, found.hosts

    def _operations(
        self, route_id: str, route: Mapping[str, Any], hosts: tuple[str, ...]
    ) -> Iterator[_Told]:
        found = effective(route, self._held.find)
        uses = [(name, settings) for name, (settings, _) in found.plugins.items()]
        enforced = enforced_by([*uses, *self._global])
        if self._wanted.host:
            hosts = (self._wanted.host,)
        spec, operation = whose(route)
        said = self._said.get(spec)
        if said is not None and _still_takes(route, said.routes.get(operation)):
            for method, path, base in said.takes.get(operation, ()):
                known = said.operations.get((method, path))
                if known is not None:
                    yield _Told(
                        method.lower(),
                        path,
                        base,
                        _whole(known),
                        hosts,
                        enforced,
                        said,
                    )
            return
        words = _words_of(route)
        methods = methods_of(route)
        for path in paths_of(route, self._wanted.mode):
            parameters = list(parameters_in(path))
            for method in methods:
                document = words | {
                    "operationId": f"{route_id}.{method}",
                    "responses": {
                        "default": {"description": "As the upstream answers."}
                    },
                }
                if parameters:
                    document["parameters"] = parameters
                yield _Told(method, path, "", document, hosts, enforced)

    def _written(self, one: _Told, shared: tuple[str, ...]) -> Document:
        made: Document
        if one.said is not None:
            made = self._components.brought(
                one.document, one.said.document, one.said.spec
            )
        else:
            made = dict(one.document)
        made["security"] = self._security(one)
        if one.enforced.unsaid:
            asked = ", ".join(one.enforced.unsaid)
            made["description"] = (
                f"{made.get('description', '')}\n\nThe gateway asks callers by {asked} too."
            ).strip()
        if one.hosts != shared:
            made["servers"] = self._servers(one.hosts, "")
        name = made.get("operationId")
        if isinstance(name, str):
            while name in self._ids:
                name += "_"
            self._ids.add(name)
            made["operationId"] = name
        return made

    def _security(self, one: _Told) -> list[Any]:
        """Return what the gateway enforces, in the document's own words where it can."""
        if one.said is not None and one.enforced.requirement:
            try:
                kept, used = _own_words(one.said.document, one.document, one.enforced)
            except OpenAPIError:
                # Its own words were never looked at, and mean nothing.
                kept, used = [], {}
            if kept and all(self._schemes.get(n, s) == s for n, s in used.items()):
                self._schemes |= used
                return kept
        named = {name: self._named(name, s) for name, s in one.enforced.schemes.items()}
        return [
            {named[name]: scopes for name, scopes in way.items()}
            for way in one.enforced.requirement
        ]

    def _named(self, name: str, scheme: Document) -> str:
        """Return what a scheme is called here."""
        while self._schemes.get(name, scheme) != scheme:
            name += "_"
        self._schemes[name] = scheme
        return name

    def _info(self, told: list[_Told]) -> Document:
        specs = {one.said.spec: one.said for one in told if one.said is not None}
        if len(specs) == 1 and all(one.said is not None for one in told):
            info = next(iter(specs.values())).document.get("info")
            if isinstance(info, dict) and info.get("title"):
                return {"version": "1"} | info
        return {"title": self._wanted.title, "version": "1"}

    def _servers(self, hosts: tuple[str, ...], base: str) -> list[Document]:
        parts = urlsplit(self._wanted.public_url or "https://localhost")
        if not hosts:
            return [{"url": f"{self._wanted.public_url.rstrip('/')}{base}" or "/"}]
        made: list[Document] = []
        for host in hosts:
            port = f":{parts.port}" if parts.port and ":" not in host else ""
            if host.startswith("*"):
                name = "{sub}" + host.removeprefix("*")
                url = f"{parts.scheme}://{name}{port}{base}"
                made.append({"url": url, "variables": {"sub": {"default": "www"}}})
            else:
                made.append({"url": f"{parts.scheme}://{host}{port}{base}"})
        return made


def _still_takes(route: Mapping[str, Any], said: Mapping[str, Any] | None) -> bool:
    """Say whether a route takes what its document said; people may have changed it."""
    return said is not None and all(route.get(name) == said.get(name) for name in TAKES)


def _own_words(
    document: Document, operation: Document, enforced: Enforced
) -> tuple[list[Any], dict[str, Document]]:
    """Return a document's requirement with its schemes, [] where another is enforced.

    Raises OpenAPIError.
    """
    schemes = schemes_of(document)
    asked = requirement_of(document, operation, ())
    plugins = plugins_for(asked, schemes).plugins
    if not enforced_by(plugins.items()).same(enforced):
        return [], {}
    kept = [way for way in asked if plugins_for([way], schemes).plugins]
    return kept, {name: schemes[name] for way in kept for name in way}


def _whole(operation: Operation) -> Document:
    """Return an operation with what its path says for all, and no servers of its own."""
    made = {name: one for name, one in operation.document.items() if name != "servers"}
    own, shared = (
        [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
        for said in (made.pop("parameters", None), operation.item.get("parameters"))
    )
    known = [(one.get("in"), one.get("name")) for one in own]
    inherited = [one for one in shared if (one.get("in"), one.get("name")) not in known]
    if inherited or own:
        made["parameters"] = [*inherited, *own]
    return made | {
        "responses": made.get("responses") or {"default": {"description": ""}}
    }


def _words_of(route: Mapping[str, Any]) -> Document:
    made: Document = {}
    for name, field_name in (("summary", "name"), ("description", "desc")):
        if isinstance(route.get(field_name), str):
            made[name] = route[field_name]
    return made


def _is_for(hosts: tuple[str, ...], host: str) -> bool:
    """Say whether one of these hosts takes requests for `host`; none means any."""
    return not hosts or any(
        re.fullmatch(re.escape(one).replace(r"\*", ".*"), host, re.IGNORECASE)
        for one in hosts
    )
