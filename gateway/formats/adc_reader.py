"""Read ADC's file into APISIX's documents, under the ids that ADC gives them. Pure.

An upstream stays inside its service here: `adc_onto` finds the one it is of.
"""

import json

from gateway.formats.adc_fields import (
    CHECK_HEADERS,
    CREDENTIALS,
    FIELDS,
    SERVICE_LABEL,
    adc_id,
)
from gateway.formats.contents import (
    Contents,
    Document,
    Gathering,
    a_list,
    an_object,
    own_id,
    unknown,
)
from gateway.formats.errors import FormatError
from gateway.formats.reader import Lines, Progress, read_yaml

Place = tuple[str | int, ...]

PARTS = ("services", "ssls", "consumers", "global_rules", "plugin_metadata")
NESTED = {
    "service": ("upstream", "upstreams", "routes", "stream_routes"),
    "consumer": ("credentials",),
    "credential": ("type", "config"),
    "ssl": ("certificates",),
}
NOT_APISIX = {
    "consumer_groups": "ADC itself does not bring consumer_groups to APISIX. Take them "
    "out, or import a file of the format apisix.",
    "path_prefix": "APISIX knows no path_prefix. Write it into the uris of the routes.",
    "strip_path_prefix": "APISIX knows no strip_path_prefix. Use the plugin proxy-rewrite.",
}


def read(source: bytes, *, progress: Progress | None = None) -> Contents:
    """Return what the file holds. Raises FormatError."""
    value, lines = read_yaml(source, progress=progress)
    return _Reader(lines).contents(an_object(value, "The file", 1))


class _Reader:
    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._found = Gathering()

    def contents(self, file: Document) -> Contents:
        self._known(file, PARTS, "The file")
        for place, service in self._items(file, "services"):
            self._service(service, place)
        for place, ssl in self._items(file, "ssls"):
            self._ssl(ssl, place)
        for place, consumer in self._items(file, "consumers"):
            self._consumer(consumer, place)
        for name, plugin in self._object(file, "global_rules").items():
            line = self._lines.of("global_rules", name)
            an_object(plugin, f"The plugin {name}", line)
            self._found.add("global_rule", name, {"plugins": {name: plugin}}, line)
        for name, plugin in self._object(file, "plugin_metadata").items():
            line = self._lines.of("plugin_metadata", name)
            self._found.add(
                "plugin_metadata",
                name,
                an_object(plugin, "Plugin metadata", line),
                line,
            )
        return self._found.contents()

    def _known(
        self, value: Document, names: tuple[str, ...], what: str, *place: str | int
    ) -> None:
        for name, words in NOT_APISIX.items():
            if name in value:
                raise FormatError(words, line=self._lines.of(*place, name))
        extra = next((name for name in value if name not in names), None)
        if extra is not None:
            unknown([extra], names, what, self._lines.of(*place, extra))

    def _object(self, file: Document, name: str) -> Document:
        value = file.get(name)
        return {} if value is None else an_object(value, name, self._lines.of(name))

    def _items(
        self, holder: Document, name: str, *place: str | int
    ) -> list[tuple[Place, Document]]:
        """Return the objects in a list of `holder` and where each stands."""
        listed = a_list(holder.get(name), name, self._lines.of(*place, name))
        return [
            (
                (*place, name, index),
                an_object(
                    item, f"An item of {name}", self._lines.of(*place, name, index)
                ),
            )
            for index, item in enumerate(listed)
        ]

    def _fields(self, kind: str, told: Document, place: Place) -> Document:
        """Return the document of what `told` says, without what is nested in it."""
        table = FIELDS[kind]
        title = f"A {kind}" if kind != "ssl" else "An ssl"
        self._known(told, ("id", *table, *NESTED.get(kind, ())), title, *place)
        document = {ours: told[name] for name, ours in table.items() if name in told}
        labels = document.get("labels")
        if isinstance(labels, dict):
            document["labels"] = {
                name: value
                if isinstance(value, str)
                else json.dumps(value, separators=(",", ":"))
                for name, value in labels.items()
            }
        return document

    def _name(self, kind: str, told: Document, place: Place) -> str:
        name = told.get("name")
        if not isinstance(name, str) or not name:
            raise FormatError(
                f"A {kind} needs a name: ADC knows it by that.",
                line=self._lines.of(*place),
            )
        return name

    def _id(self, kind: str, told: Document, place: Place, *names: str) -> str:
        given = told.get("id")
        if given is None:
            return adc_id(*names)
        return own_id(kind, given, self._lines.of(*place))

    def _add(
        self, kind: str, resource_id: str, document: Document, place: Place
    ) -> None:
        self._found.add(kind, resource_id, document, self._lines.of(*place))

    def _service(self, told: Document, place: Place) -> None:
        name = self._name("service", told, place)
        document = self._fields("service", told, place)
        service_id = self._id("service", told, place, name)
        if told.get("upstream") is not None:
            at = (*place, "upstream")
            upstream = an_object(told["upstream"], "upstream", self._lines.of(*at))
            document["upstream"] = self._upstream(upstream, at)
        self._add("service", service_id, document, place)
        for at, upstream in self._items(told, "upstreams", *place):
            own_name = self._name("upstream", upstream, at)
            further = self._upstream(upstream, at)
            labels = an_object(
                further.get("labels") or {}, "labels", self._lines.of(*at)
            )
            further["labels"] = labels | {SERVICE_LABEL: service_id}
            self._add(
                "upstream",
                self._id("upstream", upstream, at, name, own_name),
                further,
                at,
            )
        for kind in ("route", "stream_route"):
            for at, route in self._items(told, f"{kind}s", *place):
                own_name = self._name(kind, route, at)
                made = self._fields(kind, route, at) | {"service_id": service_id}
                self._add(kind, self._id(kind, route, at, name, own_name), made, at)

    def _upstream(self, told: Document, place: Place) -> Document:
        document = self._fields("upstream", told, place)
        checks = document.get("checks")
        if isinstance(checks, dict) and isinstance(checks.get("active"), dict):
            document["checks"] = checks | {
                "active": {
                    "req_headers" if name in CHECK_HEADERS else name: value
                    for name, value in checks["active"].items()
                }
            }
        return document

    def _ssl(self, told: Document, place: Place) -> None:
        document = self._fields("ssl", told, place)
        snis = a_list(told.get("snis"), "snis", self._lines.of(*place))
        found = [one for _, one in self._items(told, "certificates", *place)]
        if not found or not snis:
            raise FormatError(
                "An ssl needs snis and certificates.", line=self._lines.of(*place)
            )
        for index, one in enumerate(found):
            at = (*place, "certificates", index)
            self._known(one, ("certificate", "key"), "A certificate", *at)
        document["cert"] = found[0].get("certificate")
        if "key" in found[0]:
            document["key"] = found[0]["key"]
        if found[1:]:
            document["certs"] = [one.get("certificate") for one in found[1:]]
            keys = [one["key"] for one in found[1:] if "key" in one]
            if keys and len(keys) < len(found[1:]):
                raise FormatError(
                    "Give the key of each further certificate, or of none.",
                    line=self._lines.of(*place),
                )
            if keys:
                document["keys"] = keys
        names = ",".join(map(str, snis))
        self._add("ssl", self._id("ssl", told, place, names), document, place)

    def _consumer(self, told: Document, place: Place) -> None:
        username = told.get("username")
        if not isinstance(username, str):
            raise FormatError(
                "A consumer needs a username.", line=self._lines.of(*place)
            )
        self._add("consumer", username, self._fields("consumer", told, place), place)
        for at, credential in self._items(told, "credentials", *place):
            name = self._name("credential", credential, at)
            document = self._fields("credential", credential, at)
            if credential.get("type") not in CREDENTIALS:
                raise FormatError(
                    f"The type of a credential is one of {', '.join(CREDENTIALS)}.",
                    line=self._lines.of(*at),
                )
            config = an_object(credential.get("config"), "config", self._lines.of(*at))
            document["plugins"] = {credential["type"]: config}
            own = self._id("credential", credential, at, username, name)
            self._add("credential", f"{username}/credentials/{own}", document, at)
