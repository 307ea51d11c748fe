"""The live configuration of one gateway at one time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.client import AdminClient
from gateway.errors import NotOffered
from gateway.kinds import KINDS

Document = dict[str, Any]

# Consumers come before their credentials.
ORDER = list(KINDS)


@dataclass(frozen=True)
class Snapshot:
    """All documents as {(kind, id): document}, of the kinds that could be listed.

    `left_out` is {kind: why}: what this gateway does not offer.
    """

    documents: dict[tuple[str, str], Document]
    kinds: frozenset[str]
    left_out: dict[str, str] = field(default_factory=dict)


def take(client: AdminClient, kinds: Iterable[str] = tuple(KINDS)) -> Snapshot:
    """List every kind: one request each, and one per consumer for its credentials.

    A kind that the gateway does not offer (stream routes without stream mode, what
    came with a later release) is left out and said. Any other trouble raises
    GatewayError: half a snapshot would look like deletions. Raises ValueError for a
    kind that APISIX does not have.
    """
    wanted = sorted(set(kinds), key=ORDER.index)
    documents: dict[tuple[str, str], Document] = {}
    left_out: dict[str, str] = {}
    for kind in wanted:
        try:
            for parent in _parents(client, kind, documents):
                for entry in client.list(kind, parent=parent):
                    documents[kind, entry.id] = entry.document
        except NotOffered as error:
            left_out[kind] = str(error)
    return Snapshot(documents, frozenset(wanted) - left_out.keys(), left_out)


def _parents(
    client: AdminClient, kind: str, documents: dict[tuple[str, str], Document]
) -> list[str] | list[None]:
    """Return the ids below which a kind is listed; one None where there is no such."""
    holder = KINDS[kind].parent
    if holder is None:
        return [None]
    known = [resource_id for of, resource_id in documents if of == holder]
    return known or [one.id for one in client.list(holder)]
