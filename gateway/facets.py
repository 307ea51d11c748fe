"""By what one looks for a resource, besides words: its hosts, plugins, labels and the like. Pure."""

from collections.abc import Iterator
from typing import Any

from gateway.certificates import snis_of
from gateway.effective import hosts_of, texts
from gateway.owners import owner_of
from gateway.redaction import storable
from gateway.references import references_of, secrets_of

Document = dict[str, Any]

# Of a longer value, so much is looked for.
LENGTH_LIMIT = 300
HOST, PLUGIN, LABEL, OWNER = "host", "plugin", "label", "owner"
METHOD, STATUS, REFERS = "method", "status", "refers"
OFF = "off"


def facets_of(kind: str, document: Document) -> set[tuple[str, str]]:
    """Return {(facet, value)} of a document as it may be shown.

    A label is `key=value`, what it refers to `kind/id`; hosts are in lower case. Of
    what is on by itself only `status` `off` is told.
    """
    return {
        (name, storable(value)[:LENGTH_LIMIT])
        for name, value in _facets(kind, document)
        if value
    }


def _facets(kind: str, document: Document) -> Iterator[tuple[str, str]]:
    for host in snis_of(document) if kind == "ssl" else hosts_of(document):
        yield HOST, host.lower()
    plugins = document.get("plugins")
    for name in plugins if isinstance(plugins, dict) else ():
        yield PLUGIN, name
    labels = document.get("labels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        yield LABEL, f"{key}={value}"
    for method in texts(document.get("methods")):
        yield METHOD, method.upper()
    if owner := owner_of(document):
        yield OWNER, owner.title
    if document.get("status") == 0:
        yield STATUS, OFF
    for _, target, target_id in references_of(kind, document):
        yield REFERS, f"{target}/{target_id}"
    for secret_id, _ in secrets_of(document):
        yield REFERS, f"secret/{secret_id}"
