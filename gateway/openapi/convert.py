"""Make resources of a gateway out of an OpenAPI document.

A service, an upstream for each server that is used, and a route for each operation (or
for each path: one for all of its operations that are alike). Labels tell what is whose
(`openapi.spec`, `openapi.op`), so that the same document, read again, means the same
resources.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.canonical import EXACT, canonical
from gateway.openapi.errors import OpenAPIError
from gateway.openapi.extensions import (
    Level,
    defaults_said,
    labels_said,
    name_said,
    overridden,
    plugins_said,
    route_fields,
)
from gateway.openapi.operations import Operation, label_of, operations_of
from gateway.openapi.paths import Template, matching, read_template
from gateway.openapi.security import plugins_for, requirement_of, schemes_of
from gateway.openapi.servers import Server, chosen, servers_of
from gateway.openapi.shapes import Document, taken
from gateway.openapi.validation import validation_for
from gateway.router.match import Mode

SPEC, OPERATION = "openapi.spec", "openapi.op"
SERVICE_MARK, UPSTREAM_MARK = "service", "upstream"
NAME_LIMIT, DESC_LIMIT, SPEC_LIMIT = 100, 256, 40
NAMED = 3
SPEC_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a document becomes resources.

    `spec` names it here; "" takes its title. `server` is one of its servers, by URL or
    number; `base_url` is what a relative one is below. `hosts` are those that the gateway
    takes it for, none: any. `mode` is the gateway's router, None where unknown.
    """

    spec: str = ""
    per_path: bool = False
    server: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    hosts: tuple[str, ...] = ()
    auth: bool = True
    validate: bool = False
    mode: Mode | None = None


@dataclass(frozen=True)
class Made:
    """Resources by (kind, id), where each comes from, and what there is to say.

    `takes` is {label of a route: the operations that it takes, as (METHOD, path, base)}.
    """

    spec: str
    title: str
    version: str
    documents: dict[Key, Document]
    pointers: dict[Key, str]
    takes: dict[str, list[tuple[str, str, str]]]
    servers: tuple[Server, ...]
    remarks: tuple[str, ...] = ()


def spec_name(text: str) -> str:
    """Return what names a document here, made of its title."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:SPEC_LIMIT].strip("-")
    return slug or "api"


def convert(document: Document, options: Options) -> Made:
    """Return what a document in its inner form means for a gateway.

    Raises OpenAPIError for what cannot be told from it.
    """
    return _Conversion(document, options).made()


class _Remarks:
    """What is left out or open, the same thing of many operations once."""

    def __init__(self) -> None:
        self._told: dict[str, list[str]] = defaultdict(list)

    def add(self, words: str, whose: str = "") -> None:
        named = self._told[words]
        if whose:
            named.append(whose)

    def said(self) -> tuple[str, ...]:
        return tuple(
            f"{words[0].upper()}{words[1:]}{_few(named)}."
            for words, named in self._told.items()
        )


def _few(named: list[str]) -> str:
    if not named:
        return ""
    more = len(named) - NAMED
    return f": {', '.join(named[:NAMED])}" + (f" and {more} more" if more > 0 else "")


@dataclass
class _Planned:
    """One route to be: the operations that it takes, and all that tells it from others."""

    operations: list[Operation]
    template: Template
    document: Document
    base: str = ""
    key: str = ""


class _Conversion:
    def __init__(self, document: Document, options: Options) -> None:
        self.document, self.options = document, options
        info = taken(document, "info", dict, ())
        self.title = taken(info, "title", str, ("info",))[:200] or "API"
        self.spec = options.spec or spec_name(self.title)
        self.version = str(info.get("version") or "")[:80]
        self.description = str(info.get("summary") or info.get("description") or "")
        self.schemes = schemes_of(document)
        self.remarks = _Remarks()
        self.documents: dict[Key, Document] = {}
        self.pointers: dict[Key, str] = {}
        self.used: dict[str, Server] = {}
        self.servers = servers_of(
            document, (), variables=options.variables, base_url=options.base_url
        )
        if not self.servers:
            self.servers = servers_of(
                {"servers": [{"url": "/"}]},
                (),
                variables=options.variables,
                base_url=options.base_url,
            )
        self.server = chosen(self.servers, options.server)

    def made(self) -> Made:
        operations = operations_of(self.document)
        if not operations:
            raise OpenAPIError(
                "It has no operations, so there is nothing to route.", "#/paths"
            )
        planned = [p for one in self._groups(operations) if (p := self._plan(one))]
        takes = self._routes(planned)
        self._service()
        self._upstreams()
        for key, document in self.documents.items():
            _refuse_inexact(document, self.pointers[key])
        self._remark_on_browsers(operations)
        return Made(
            spec=self.spec,
            title=self.title,
            version=self.version,
            documents=self.documents,
            pointers=self.pointers,
            takes=takes,
            servers=tuple(self.servers),
            remarks=self.remarks.said(),
        )

    def _plan(self, operation: Operation) -> _Planned | None:
        """Return the route of one operation; None where a gateway cannot have it."""
        server = self._server_of(operation)
        try:
            template = read_template(operation.path, base=server.base)
        except OpenAPIError as error:
            self.remarks.add(f"left out: {error}".rstrip("."), operation.path[:80])
            return None
        said: list[Level] = [
            (operation.item, ("paths", operation.path)),
            (operation.document, operation.place),
        ]
        plugins = self._plugins(operation) | plugins_said(said)
        made: Document = matching(template, self.options.mode)
        if plugins:
            made["plugins"] = plugins
        if labels := labels_said(said):
            made["labels"] = labels
        if server.origin != self.server.origin:
            made["upstream_id"] = self._upstream_id(server)
        own = defaults_said("upstream", said)
        if own:
            made.pop("upstream_id", None)
            made["upstream"] = self._upstream(server) | own
        self.used[server.origin] = server
        fields = route_fields([(self.document, ()), *said])
        made = self._with_fields(made, fields)
        return _Planned([operation], template, made, server.base)

    def _with_fields(self, made: Document, fields: Document) -> Document:
        whole = overridden(made, fields)
        both = made.get("vars"), fields.get("vars")
        if "uri" in fields or "uris" in fields:
            # Somebody says what it takes, so the path of the document says it no more.
            if both[1] is None:
                whole.pop("vars", None)
        elif both[0] and isinstance(both[1], list) and both[1]:
            is_list = isinstance(both[1][0], list)
            whole["vars"] = [*both[0], *(both[1] if is_list else [both[1]])]
        return whole

    def _server_of(self, operation: Operation) -> Server:
        for holder, at in (
            (operation.document, operation.place),
            (operation.item, ("paths", operation.path)),
        ):
            own = servers_of(
                holder,
                at,
                variables=self.options.variables,
                base_url=self.options.base_url,
            )
            if own:
                same = [one for one in own if one.url == self.server.url]
                if len(own) > 1 and not same:
                    self.remarks.add(
                        "has servers of its own, of which the first is used",
                        operation.key,
                    )
                return (same or own)[0]
        return self.server

    def _plugins(self, operation: Operation) -> Document:
        plugins: Document = {}
        if self.options.auth:
            wanted = requirement_of(self.document, operation.document, operation.place)
            asked = plugins_for(wanted, self.schemes, operation.place)
            plugins |= asked.plugins
            for remark in asked.remarks:
                self.remarks.add(remark, operation.key)
        if self.options.validate:
            settings, remarks = validation_for(self.document, operation)
            if settings:
                plugins["request-validation"] = settings
            for remark in remarks:
                self.remarks.add(remark, operation.key)
        return plugins

    def _groups(self, operations: Iterable[Operation]) -> Iterable[Operation]:
        """Return the operations that a gateway can tell apart."""
        seen: dict[tuple[str, str, str], Operation] = {}
        for one in operations:
            shape = re.sub(r"\{[^{}]*\}", "{}", one.path)
            key = (self._server_of(one).base, shape, one.method)
            if key in seen:
                self.remarks.add(
                    f"left out, since a gateway cannot tell it from {seen[key].key}",
                    one.key,
                )
                continue
            seen[key] = one
            yield one

    def _routes(self, planned: list[_Planned]) -> dict[str, list[tuple[str, str, str]]]:
        if self.options.per_path:
            planned = _per_path(planned)
        for one in planned:
            one.key = one.key or one.operations[0].key
        heavier = _priorities(planned)
        takes: dict[str, list[tuple[str, str, str]]] = {}
        service_id = self._id(SERVICE_MARK)
        for one in planned:
            first = one.operations[0]
            route_id = self._id("op", one.key)
            made: Document = {
                "name": self._name(one),
                "methods": [operation.method for operation in one.operations],
                "service_id": service_id,
            }
            words = first.document.get("summary") or first.document.get("description")
            if isinstance(words, str) and words.strip():
                made["desc"] = _short(words, DESC_LIMIT)
            if heavier.get(one.key):
                made["priority"] = heavier[one.key]
            own = dict(one.document)
            own["labels"] = own.get("labels", {}) | self._labels(one.key)
            key = ("route", route_id)
            self.documents[key] = made | own
            self.pointers[key] = first.pointer
            takes[label_of(one.key)] = [
                (each.method, each.path, one.base) for each in one.operations
            ]
        return takes

    def _name(self, planned: _Planned) -> str:
        first = planned.operations[0]
        if len(planned.operations) > 1 or self.options.per_path:
            return _short(first.path, NAME_LIMIT)
        said = name_said(first.document, first.place)
        own = first.document.get("operationId")
        usual = own if isinstance(own, str) else ""
        return _short(said or usual or f"{first.method} {first.path}", NAME_LIMIT)

    def _service(self) -> None:
        level: list[Level] = [(self.document, ())]
        made: Document = {
            "name": _short(name_said(*level[0]) or self.title, NAME_LIMIT),
            "upstream_id": self._upstream_id(self.server),
            "labels": labels_said(level) | self._labels(SERVICE_MARK),
        }
        if self.description.strip():
            made["desc"] = _short(self.description, DESC_LIMIT)
        if self.options.hosts:
            made["hosts"] = list(self.options.hosts)
        if plugins := plugins_said(level):
            made["plugins"] = plugins
        key = ("service", self._id(SERVICE_MARK))
        labels = made["labels"]
        self.documents[key] = overridden(made, defaults_said("service", level))
        self.documents[key]["labels"] = (
            self.documents[key].get("labels") or {}
        ) | labels
        self.pointers[key] = "#"
        self.used[self.server.origin] = self.server

    def _upstreams(self) -> None:
        named = {
            one.get("upstream_id")
            for one in self.documents.values()
            if isinstance(one.get("upstream_id"), str)
        }
        for server in self.used.values():
            if self._upstream_id(server) in named:
                key = ("upstream", self._upstream_id(server))
                self.documents[key] = self._upstream(server) | {
                    "name": _short(f"{self.title} {server.host}", NAME_LIMIT),
                    "labels": self._labels(f"{UPSTREAM_MARK}:{server.origin}"),
                }
                self.pointers[key] = "#/servers"

    def _upstream(self, server: Server) -> Document:
        node = defaults_said("upstream-node", [(self.document, ())])
        made = server.as_upstream()
        if node:
            made["nodes"] = [
                {"host": server.host, "port": server.port, "weight": 1} | node
            ]
        return made | defaults_said("upstream", [(self.document, ())])

    def _upstream_id(self, server: Server) -> str:
        return self._id(UPSTREAM_MARK, server.origin)

    def _id(self, *parts: str) -> str:
        """Return an id that is the same whenever the document comes."""
        mark = hashlib.sha256(canonical([self.spec, *parts])).hexdigest()[:12]
        return f"{self.spec}-{mark}"

    def _labels(self, key: str) -> Document:
        return {SPEC: self.spec, OPERATION: label_of(key)}

    def _remark_on_browsers(self, operations: list[Operation]) -> None:
        has_cors = any(
            "cors" in (document.get("plugins") or {})
            for document in self.documents.values()
        )
        if has_cors and not any(one.method == "OPTIONS" for one in operations):
            self.remarks.add(
                "browsers ask OPTIONS before they use what cors allows, and no operation "
                "takes OPTIONS: add one to each path that they call"
            )


def _per_path(planned: list[_Planned]) -> list[_Planned]:
    """Join the routes of one path that differ in their method alone."""
    paths: dict[str, dict[bytes, _Planned]] = defaultdict(dict)
    for one in planned:
        alike = canonical([one.template.text, one.document])
        joined = paths[one.operations[0].path].setdefault(
            alike, _Planned([], one.template, one.document, one.base)
        )
        joined.operations += one.operations
    made: list[_Planned] = []
    for path, groups in paths.items():
        for one in groups.values():
            methods = "+".join(each.method for each in one.operations)
            one.key = f"{'*' if len(groups) == 1 else methods}:{path}"
            made.append(one)
    return made


def _priorities(planned: list[_Planned]) -> dict[str, int]:
    """Return a priority for each route that must go before another of the document."""
    # Only what begins alike and has as many pieces may fit one path.
    places: dict[tuple[str, int], dict[str, Template]] = defaultdict(dict)
    for one in planned:
        if one.template.names:
            place = (one.template.prefix, len(one.template.segments))
            places[place][one.template.shape] = one.template
    needed: dict[str, int] = {}
    for one in planned:
        template = one.template
        together = places.get((template.prefix, len(template.segments)), {})
        if template.names and any(
            template.weight > other.weight and template.is_also(other)
            for other in together.values()
        ):
            needed[one.key] = template.weight
    return needed


def _refuse_inexact(value: Any, pointer: str) -> None:
    """Raise OpenAPIError for a number that no gateway keeps as it is."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= EXACT:
        raise OpenAPIError(
            f"The number {str(value)[:30]} has more digits than gateways keep (14).",
            pointer,
        )
    members = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for one in members:
            _refuse_inexact(one, pointer)


def _short(text: str, limit: int) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def is_spec_name(text: str) -> bool:
    """Say whether a text may name a document here."""
    return SPEC_NAME.fullmatch(text) is not None


def whose(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return (spec, operation) that a resource's labels tell; "" where they do not."""
    labels = document.get("labels")
    told = labels if isinstance(labels, Mapping) else {}
    return str(told.get(SPEC, "")), str(told.get(OPERATION, ""))
