"""The live configuration of one gateway at one time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.client import AdminClient
from gateway.errors import Invalid, NotFound
from gateway.kinds import KINDS

Document = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """All documents as {(kind, id): document}, of the kinds that could be listed."""

    documents: dict[tuple[str, str], Document]
    kinds: frozenset[str]


def take(client: AdminClient, kinds: Iterable[str] = tuple(KINDS)) -> Snapshot:
    """List every kind: one request each, and one per consumer for its credentials.

    A kind that the gateway does not offer (stream routes without stream mode, what
    came with a later release) is left out of `kinds`. Raises GatewayError.
    """
    wanted = set(kinds)
    documents: dict[tuple[str, str], Document] = {}
    listed = set()
    for kind in KINDS:
        if kind not in wanted or kind == "credential":
            continue
        try:
            entries = client.list(kind)
        except (Invalid, NotFound):
            continue
        listed.add(kind)
        documents |= {(kind, entry.id): entry.document for entry in entries}
    if "credential" in wanted and "consumer" in listed:
        listed.add("credential")
        for kind, username in list(documents):
            if kind == "consumer":
                documents |= {
                    ("credential", entry.id): entry.document
                    for entry in client.list("credential", parent=username)
                }
    return Snapshot(documents, frozenset(listed))
