"""The operations of a document in its inner form, each with what its path says for it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.openapi.errors import OpenAPIError, pointer_to
from gateway.openapi.references import followed
from gateway.openapi.shapes import Document, an_object, listed, objects, taken

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OPERATIONS_LIMIT = 20_000
# What a label may hold: no blanks, 1 to 256 characters.
LABEL = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `document` is what it says itself, `item` what its path says for all of them.
    `key` tells it from every other of its document, now and when it comes again.
    """

    key: str
    method: str
    path: str
    document: Document
    item: Document

    @property
    def place(self) -> tuple[str | int, ...]:
        return ("paths", self.path, self.method.lower())

    @property
    def pointer(self) -> str:
        return pointer_to(*self.place)


def operations_of(document: Document) -> list[Operation]:
    """Return every operation in the order of the document. Raises OpenAPIError."""
    found: list[Operation] = []
    seen: set[str] = set()
    for path, item in objects(document, "paths", ()):
        whole = item
        if "$ref" in item:
            target = followed(document, item, ("paths", path))
            whole = an_object(target, ("paths", path)) | {
                name: one for name, one in item.items() if name != "$ref"
            }
        for method in METHODS:
            if method not in whole:
                continue
            operation = an_object(whole[method], ("paths", path, method))
            named = f"{method.upper()}:{path}"
            key = label_of(
                taken(operation, "operationId", str, ("paths", path, method)) or named
            )
            if key in seen:
                # Somebody else has that operationId.
                key = label_of(named)
            seen.add(key)
            found.append(Operation(key, method.upper(), path, operation, whole))
            if len(found) > OPERATIONS_LIMIT:
                raise OpenAPIError(
                    f"It holds more than {OPERATIONS_LIMIT:,} operations. Split it."
                )
    return found


def label_of(text: str) -> str:
    """Return a text as the value of a label; one that is none by its digest."""
    if LABEL.fullmatch(text):
        return text
    plain = re.sub(r"[^!-~]+", "-", text)[:150].strip("-")
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:12]}".lstrip("-")


def parameters_of(document: Document, operation: Operation) -> Iterator[Document]:
    """Return an operation's parameters, those of its path where it has none of its own."""
    found: dict[tuple[Any, Any], Document] = {}
    for holder, at in (
        (operation.item, ("paths", operation.path)),
        (operation.document, operation.place),
    ):
        for index, one in listed(holder, "parameters", at):
            place = (*at, "parameters", index)
            whole = an_object(followed(document, one, place), place)
            found[str(whole.get("in")), str(whole.get("name"))] = whole
    yield from found.values()
