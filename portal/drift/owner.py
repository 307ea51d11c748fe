"""Guess from a resource's labels whom to ask about it. Pure."""

from typing import Any

Document = dict[str, Any]

# Labels by which people say whose something is, the surest first.
LABELS = ("owner", "team", "maintainer", "contact", "managed-by")
LIMIT = 200


def owner_of(document: Document | None) -> str:
    """Return whom its labels name, "" for nobody."""
    labels = (document or {}).get("labels")
    if isinstance(labels, dict):
        for name in LABELS:
            if labels.get(name):
                return str(labels[name])[:LIMIT]
    return ""
