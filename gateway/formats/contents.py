"""What a file says a gateway should hold, and what it cannot say. Pure.

Documents are {(kind, id): document} in normal form: without their id, which stands
beside them, and without what the server manages.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.canonical import canonical
from gateway.documents import normal_form
from gateway.formats.errors import FormatError
from gateway.formats.reader import shown
from gateway.kinds import KINDS
from gateway.references import references_of

Document = dict[str, Any]
Key = tuple[str, str]
Documents = dict[Key, Document]

NAMED = 5
KINDS_IN_ORDER = list(KINDS)


@dataclass(frozen=True)
class Contents:
    """What was read: documents, the line each begins in, and what was passed over."""

    documents: Documents
    lines: dict[Key, int]
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A file's text, and in words what of the gateway it could not say."""

    text: str
    losses: tuple[str, ...] = ()


def normal(documents: Mapping[Key, Document]) -> Documents:
    """Return the documents in normal form, in an order that does not change."""
    return {
        (kind, resource_id): normal_form(kind, documents[kind, resource_id])
        for kind, resource_id in sorted(
            documents, key=lambda key: (KINDS_IN_ORDER.index(key[0]), key[1])
        )
    }


@dataclass
class Gathering:
    """Collects what a reader finds, and refuses what cannot stand together."""

    documents: Documents = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    def add(self, kind: str, resource_id: str, document: Document, line: int) -> None:
        """Take one resource. Raises FormatError for a bad id or one that was there."""
        title = KINDS[kind].title.lower()
        if not KINDS[kind].accepts_id(resource_id):
            raise FormatError(
                f"{shown(resource_id)} is no id for a {title}. Use {KINDS[kind].id_rule}.",
                line=line,
            )
        key = (kind, resource_id)
        if key in self.documents:
            raise FormatError(
                f"The {title} {resource_id} stands here again; it began in line "
                f"{self.lines[key]} already. Keep one.",
                line=line,
            )
        self.documents[key] = normal_form(kind, document)
        self.lines[key] = line

    def contents(self) -> Contents:
        """Return all that was taken. Raises FormatError if references go in a circle."""
        self._refuse_circles()
        return Contents(self.documents, self.lines, tuple(self.passed_over))

    def _refuse_circles(self) -> None:
        """Refuse what no order could create: resources that wait for each other."""
        done: set[Key] = set()
        for start in self.documents:
            path: dict[Key, None] = {}
            key: Key | None = start
            # Only a stream route names one of its own kind, and one at most.
            while key is not None and key not in done:
                if key in path:
                    circle = list(path)[list(path).index(key) :]
                    raise FormatError(
                        f"{' → '.join(i for _, i in [*circle, key])}: these "
                        f"{KINDS[key[0]].title.lower()}s refer to each other in a circle, "
                        "so none can be the first. Break the circle.",
                        line=self.lines[key],
                    )
                path[key] = None
                key = self._named_sibling(key)
            done |= path.keys()

    def _named_sibling(self, key: Key) -> Key | None:
        for _, kind, resource_id in references_of(key[0], self.documents[key]):
            if kind == key[0] and (kind, resource_id) in self.documents:
                return kind, resource_id
        return None


class Losses:
    """Collects what a format cannot say, the same thing of many resources once."""

    def __init__(self) -> None:
        self._told: dict[str, list[str]] = {}

    def add(self, words: str, kind: str = "", resource_id: str = "") -> None:
        """Note one; `words` end without a full stop."""
        named = self._told.setdefault(words, [])
        if kind:
            named.append(f"{KINDS[kind].title.lower()} {resource_id}")

    def said(self) -> tuple[str, ...]:
        """Return one sentence each, the first few resources named."""
        return tuple(
            f"{words}: {_few(named)}." if named else f"{words}."
            for words, named in self._told.items()
        )


def _few(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def own_id(kind: str, value: Any, line: int) -> str:
    """Return an id as text; numbers count as text. Raises FormatError."""
    if isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool)
    ):
        return str(value)
    raise FormatError(
        f"The id of a {KINDS[kind].title.lower()} must be a text.", line=line
    )


def made_id(kind: str, document: Document) -> str:
    """Return an id for a resource that a file gives none: the same for the same name.

    So reading the file again means the same resource. Without a name it is made from
    the whole document. Ids of one length are never prefixes of each other.
    """
    name = document.get("name")
    told = [kind, name] if isinstance(name, str) and name else [kind, document]
    return (
        f"{kind.replace('_', '-')}-{hashlib.sha256(canonical(told)).hexdigest()[:12]}"
    )


def an_object(value: Any, what: str, line: int) -> Document:
    """Return the value if it is an object. Raises FormatError naming `what`."""
    if not isinstance(value, dict):
        raise FormatError(f"{what} must be an object (name: value).", line=line)
    return value


def a_list(value: Any, what: str, line: int) -> list[Any]:
    """Return the value if it is a list, [] for nothing. Raises FormatError."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise FormatError(f"{what} must be a list (- …).", line=line)
    return value


def unknown(names: Iterable[str], known: Iterable[str], what: str, line: int) -> None:
    """Raise FormatError for the first name that is not known."""
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise FormatError(
                f"{what} has no {shown(name)}. It may have {', '.join(allowed)}.",
                line=line,
            )
