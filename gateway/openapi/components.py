"""Bring along what operations refer to, from documents of which names may clash."""

import re
from typing import Any

from gateway.openapi.shapes import Document

REFERENCE = re.compile(r"#/components/([A-Za-z]+)/([^/]+)")


class Components:
    """The components of a document that is made of others.

    `brought` returns a value of one of them with its references as they are here.
    """

    def __init__(self) -> None:
        self.sections: dict[str, Document] = {}
        # {(document, section, name): what it is called here}
        self._names: dict[tuple[str, str, str], str] = {}

    def brought(self, value: Any, document: Document, spec: str) -> Any:
        """Return a copy of a value of `document`, and have what it refers to."""
        waiting: list[tuple[str, str, str]] = []
        made = self._copied(value, document, spec, waiting)
        while waiting:
            section, name, called = waiting.pop()
            whole = document["components"][section][name]
            self.sections[section][called] = self._copied(
                whole, document, spec, waiting
            )
        return made

    def _copied(
        self,
        value: Any,
        document: Document,
        spec: str,
        waiting: list[tuple[str, str, str]],
    ) -> Any:
        if isinstance(value, list):
            return [self._copied(one, document, spec, waiting) for one in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if isinstance(reference, str):
            called = self._called(reference, document, spec, waiting)
            # What it refers to is no component: said nowhere else, so left open.
            return (value | {"$ref": called}) if called else {}
        made = {
            name: self._copied(one, document, spec, waiting)
            for name, one in value.items()
        }
        mapping = made.get("mapping")
        if isinstance(mapping, dict):
            made["mapping"] = {
                key: (
                    isinstance(one, str) and self._called(one, document, spec, waiting)
                )
                or one
                for key, one in mapping.items()
            }
        return made

    def _called(
        self,
        reference: str,
        document: Document,
        spec: str,
        waiting: list[tuple[str, str, str]],
    ) -> str:
        found = REFERENCE.fullmatch(reference)
        if found is None:
            return ""
        section, name = found[1], found[2].replace("~1", "/").replace("~0", "~")
        whole = (document.get("components") or {}).get(section)
        if not isinstance(whole, dict) or name not in whole:
            return ""
        key = (spec, section, name)
        if key not in self._names:
            # Another document's may have that name, and mean something else.
            is_taken = name in self.sections.get(section, {})
            called = f"{spec}.{name}" if is_taken else name
            self._names[key] = called
            self.sections.setdefault(section, {})[called] = {}
            waiting.append((section, name, called))
        called = self._names[key].replace("~", "~0").replace("/", "~1")
        return f"#/components/{section}/{called}"
