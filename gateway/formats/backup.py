"""A backup: everything one gateway holds, for Gatehouse to bring back. Pure.

JSON lines: a header, one resource a line, and a last line that says how many there
were, so that a file that was cut off is told. A resource that holds secrets stands
there as one sealed value, with the gateway, kind and id it belongs to sealed inside:
nobody can read a secret in the file, change what surrounds it, or carry it elsewhere.
With secrets left out, their marks (`redacted:…`) stand in their place.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.canonical import canonical
from gateway.formats.contents import Contents, Document, Gathering, Key, normal
from gateway.formats.errors import FormatError
from gateway.formats.reader import decoded, shown
from gateway.kinds import KINDS
from gateway.sealing import Unsealable

FORMAT, VERSION = "gatehouse-backup", 1

Seal = Callable[[Any], bytes]
Unseal = Callable[[bytes], Any]


@dataclass(frozen=True)
class Header:
    """Of what a backup is. `key` names the key that sealed it, "" for no secrets.

    `kinds` are those that were read: of others the file says nothing. `taken_at` is
    ISO 8601, UTC.
    """

    gateway: str
    taken_at: str
    apisix: str
    kinds: tuple[str, ...]
    key: str = ""


@dataclass(frozen=True)
class Backup:
    header: Header
    contents: Contents


def write(
    header: Header,
    documents: Mapping[Key, Document],
    *,
    has_secrets: Callable[[str, Document], bool],
    seal: Seal,
) -> str:
    """Return the file. Without a key in the header nothing is sealed: redact before."""
    lines = [
        canonical({"format": FORMAT, "version": VERSION} | _header_fields(header)),
    ]
    for (kind, resource_id), document in normal(documents).items():
        line: Document = {"kind": kind, "id": resource_id}
        if header.key and has_secrets(kind, document):
            inside = [header.gateway, kind, resource_id, document]
            line["sealed"] = seal(canonical(inside).decode()).decode()
        else:
            line["document"] = document
        lines.append(canonical(line))
    lines.append(canonical({"end": len(documents)}))
    return b"\n".join([*lines, b""]).decode()


def _header_fields(header: Header) -> Document:
    return {
        "gateway": header.gateway,
        "taken_at": header.taken_at,
        "apisix": header.apisix,
        "kinds": list(header.kinds),
        "key": header.key,
    }


def read(source: bytes, *, keys: Collection[str], unseal: Unseal) -> Backup:
    """Return what a backup holds. `keys` names the keys at hand. Raises FormatError."""
    lines = decoded(source).removesuffix("\n").split("\n")
    header = _header(_object(lines[0], 1))
    if header.key and header.key not in keys:
        raise FormatError(
            f"This backup was sealed with the key {header.key}, and FIELD_ENCRYPTION_KEY "
            f"holds {', '.join(keys)} only. Add the key it was sealed with at the end of "
            "that list.",
            line=1,
        )
    found = Gathering()
    end = _end(lines)
    for number, text in enumerate(lines[1:end], start=2):
        line = _object(text, number)
        kind, resource_id = line.get("kind"), line.get("id")
        if not (
            isinstance(kind, str) and kind in KINDS and isinstance(resource_id, str)
        ):
            raise FormatError(
                "A line of a backup needs a kind that Gatehouse knows and an id.",
                line=number,
            )
        document = (
            _unsealed(
                line["sealed"], [header.gateway, kind, resource_id], unseal, number
            )
            if "sealed" in line
            else line.get("document")
        )
        if not isinstance(document, dict):
            raise FormatError("The document must be an object.", line=number)
        found.add(kind, resource_id, document, number)
    return Backup(header, found.contents())


def _header(fields: Document) -> Header:
    if fields.get("format") != FORMAT:
        raise FormatError("This is no backup of Gatehouse's.", line=1)
    if fields.get("version") != VERSION:
        raise FormatError(
            f"This backup has version {shown(str(fields.get('version')))}; this Gatehouse "
            f"reads version {VERSION}. Use the release that wrote it.",
            line=1,
        )
    kinds = fields.get("kinds")
    texts = [fields.get(name) for name in ("gateway", "taken_at", "apisix", "key")]
    if not _all_texts(texts) or not isinstance(kinds, list) or not _all_texts(kinds):
        raise FormatError("The first line is no whole header of a backup.", line=1)
    gateway, taken_at, apisix, key = map(str, texts)
    return Header(gateway, taken_at, apisix, tuple(kinds), key)


def _all_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _end(lines: list[str]) -> int:
    """Return the index of the last line. Raises FormatError if the file was cut off."""
    end = len(lines) - 1
    said = _object(lines[end], end + 1).get("end") if end else None
    if said is None:
        raise FormatError(
            "The backup has no last line: it was cut off. Use a whole one.",
            line=len(lines),
        )
    if said != end - 1:
        raise FormatError(
            f"The backup says it holds {shown(str(said))} resources, but there are "
            f"{end - 1}. Use a whole one.",
            line=len(lines),
        )
    return end


def _object(text: str, line: int) -> Document:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"This is no JSON: {error.msg}.", line=line) from error
    if not isinstance(value, dict):
        raise FormatError("A line of a backup must be a JSON object.", line=line)
    return value


def _unsealed(sealed: Any, belongs_to: list[str], unseal: Unseal, line: int) -> Any:
    try:
        *told, document = orjson.loads(unseal(str(sealed).encode()))
    except Unsealable as error:
        raise FormatError(
            "The sealed value was changed. Use the backup as it was written.", line=line
        ) from error
    if told != belongs_to:
        raise FormatError(
            f"What is sealed here belongs to {' '.join(told)}, not to "
            f"{' '.join(belongs_to)}. Use the backup as it was written.",
            line=line,
        )
    return document
