"""`apisix.yaml`: the file from which APISIX runs without an Admin API. Pure.

Facts: https://apisix.apache.org/docs/apisix/deployment-modes/#standalone and
`apisix/core/config_yaml.lua`. One list per kind, each item with its id; the file is
read only when it ends with `#END`. Credentials stand among the consumers, told by
their id (`jack/credentials/c1`), and find their consumer by that one's `id`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.formats.contents import (
    Contents,
    Document,
    Gathering,
    Key,
    Losses,
    Written,
    a_list,
    an_object,
    made_id,
    normal,
    own_id,
)
from gateway.formats.errors import FormatError
from gateway.formats.reader import Lines, Progress, read_yaml, shown
from gateway.formats.writer import write_yaml
from gateway.kinds import KIND_BY_PATH, KINDS, PLAIN_ID

END = "#END"
# Kinds as lists of the file, what is referred to first.
LISTS = {kind.path: kind for kind in KINDS.values() if kind.parent is None}
VERSION_SUFFIX = "_conf_version"
CREDENTIAL = "/credentials/"


def write(documents: Mapping[Key, Document], *, head: Sequence[str] = ()) -> Written:
    """Return the file; `head` stands above it as comment, the losses below that."""
    losses = Losses()
    lists: dict[str, list[Document]] = {}
    for (kind, resource_id), document in normal(documents).items():
        item = _item(kind, resource_id, document)
        lists.setdefault(_list_of(kind), []).append(item)
        if kind == "ssl" and "key" not in document:
            losses.add(
                "APISIX needs the private key, which gateways never show; add it as key",
                kind,
                resource_id,
            )
    said = losses.said()
    text = write_yaml(lists, head=[*head, *said])
    return Written(f"{text}{END}\n", said)


def _list_of(kind: str) -> str:
    return "consumers" if kind == "credential" else KINDS[kind].path


def _item(kind: str, resource_id: str, document: Document) -> Document:
    fields = dict(sorted(document.items()))
    if kind == "consumer" and not PLAIN_ID.fullmatch(resource_id):
        # Longer than an id may be: such a consumer goes by its name alone.
        return fields
    return {"id": resource_id, **fields}


def read(source: bytes, *, progress: Progress | None = None) -> Contents:
    """Return what the file holds. Raises FormatError."""
    value, lines = read_yaml(source, progress=progress)
    if not source.rstrip().endswith(END.encode()):
        raise FormatError(
            f"The file does not end with {END}: it may be cut off. Add that line if "
            "it is whole.",
            line=source.count(b"\n") + 1,
        )
    found = Gathering()
    for name, items in an_object(value, "The file", 1).items():
        if name == "plugins" or name.endswith(VERSION_SUFFIX):
            found.passed_over.append(f"{name} is no resource of a gateway.")
        elif name in LISTS:
            _read_list(name, items, lines, found)
        else:
            raise FormatError(
                f"There is no kind {shown(name)}. Use {', '.join(LISTS)}.",
                line=lines.of(name),
            )
    return found.contents()


def _read_list(name: str, items: Any, lines: Lines, found: Gathering) -> None:
    for index, value in enumerate(a_list(items, name, lines.of(name))):
        line = lines.of(name, index)
        item = an_object(value, f"An item of {name}", line)
        kind = KIND_BY_PATH[name].name
        given = item.get("id")
        if kind == "consumer":
            if isinstance(given, str) and CREDENTIAL in given:
                kind = "credential"
            else:
                given = item.get("username")
                if given is None:
                    raise FormatError("A consumer needs a username.", line=line)
        elif given is None and kind in {"plugin_metadata", "secret"}:
            raise FormatError(f"An item of {name} needs an id.", line=line)
        resource_id = (
            made_id(kind, item) if given is None else own_id(kind, given, line)
        )
        found.add(kind, resource_id, item, line)
