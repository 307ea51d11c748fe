"""The plugins of a route as forms: each made of the gateway's schema."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from gateway.schemas import Schemas
from portal.web.asking.schema_form.nodes import MISSING, Node, Widget, node_of
from portal.web.asking.schema_form.read import read

Document = dict[str, Any]


class PluginForms:
    """One form for each plugin of `document`, as `sent` if anything was.

    `document` has what was sent; `errors` are {path of an input: words}.
    """

    def __init__(
        self,
        kind: str,
        document: Document,
        schemas: Schemas,
        sent: Mapping[str, str] | None = None,
    ) -> None:
        self._kind, self._schemas = kind, schemas
        self.document = document
        self.errors: dict[str, list[str]] = {}
        # What was typed and could not be read.
        self.typed: dict[str, str] = {}
        self.opened = ""
        if sent is not None:
            self._take(sent)

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def offered(self) -> list[str]:
        """The plugins that can be added."""
        return [
            name for name in sorted(self._schemas.plugins) if name not in self._held
        ]

    @property
    def nodes(self) -> list[Node]:
        return [self._node(name) for name in self._held]

    def add(self, name: str) -> None:
        """Give the route a plugin without settings."""
        if not name:
            self.errors["add"] = [gettext("Say which plugin.")]
        elif name in self._held:
            self.errors["add"] = [
                gettext("%(name)s is there already: see below.") % {"name": name}
            ]
        elif name not in self._schemas.plugins:
            close = [one for one in self.offered if name and name in one][:3]
            mend = (
                gettext("Did you mean %(close)s?")
                % {"close": gettext(" or ").join(close)}
                if close
                else gettext("Choose one of the list.")
            )
            self.errors["add"] = [
                gettext("The gateway offers no plugin %(name)r. %(mend)s")
                % {"name": name[:80], "mend": mend}
            ]
        else:
            self._set(name, {})
            self.opened = name

    def drop(self, name: str) -> None:
        """Take a plugin away."""
        held = dict(self._held)
        held.pop(name, None)
        self.document = {**self.document, "plugins": held}
        if not held:
            self.document.pop("plugins")

    def grow(self, name: str) -> None:
        """Add an empty item to the list whose input has this name."""
        for node in self.nodes:
            if found := _find(node, name):
                self._set(node.label, _with(node.value, found, node.path))
                self.opened = node.label

    def refuse(self, path: str, words: str) -> bool:
        """Put words beside the input at a path; say whether there is one."""
        found = [at for node in self.nodes for at in _paths(node) if _is_at(path, at)]
        if found:
            at = max(found, key=len)
            self.errors.setdefault(at, []).append(words)
        return bool(found)

    @property
    def _held(self) -> Document:
        plugins = self.document.get("plugins")
        return plugins if isinstance(plugins, dict) else {}

    def _node(self, name: str) -> Node:
        return node_of(
            self._schemas.plugin_schema(self._kind, name),
            self._held[name],
            ("plugins", name),
            secret=self._schemas.encrypt_fields.get(name, ()),
        )

    def _take(self, sent: Mapping[str, str]) -> None:
        for node in self.nodes:
            told = read(node, sent)
            if told.value is not MISSING:
                self._set(node.label, told.value)
            for name, words in told.wrong.items():
                self.typed[name] = sent[name]
                self.errors[_at(name)] = [words]

    def _set(self, name: str, value: Any) -> None:
        self.document = {**self.document, "plugins": {**self._held, name: value}}


def _at(name: str) -> str:
    parts = name.split("/")
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _find(node: Node, name: str) -> Node | None:
    if node.name == name and _is_list(node):
        return node
    return next((found for one in node.below if (found := _find(one, name))), None)


def _is_list(node: Node) -> bool:
    return node.widget is Widget.LIST


def _paths(node: Node) -> list[str]:
    return [node.at, *(path for one in node.below for path in _paths(one))]


def _is_at(path: str, at: str) -> bool:
    return path == at or path.startswith(f"{at}.")


def _with(value: Any, grown: Node, above: tuple[str, ...]) -> Any:
    """Return a copy of the value with one item more in one of its lists."""
    rest = grown.path[len(above) :]
    if not rest:
        return [*(value if isinstance(value, list) else ()), {}]
    if isinstance(value, list):
        index = int(rest[0])
        below = _with(value[index], grown, (*above, rest[0]))
        return [*value[:index], below, *value[index + 1 :]]
    held = value if isinstance(value, dict) else {}
    return {**held, rest[0]: _with(held.get(rest[0]), grown, (*above, rest[0]))}
