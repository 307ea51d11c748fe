"""Choose the id of a new resource: readable, unique, and never a prefix of another.

APISIX reads every key that begins with an id to answer for that id, so ids end in a
suffix of fixed width (see docs/apisix.md). A chosen id makes every write an
idempotent PUT.
"""

import re
import secrets
from typing import Any

from gateway.kinds import Kind

SUFFIX_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
SUFFIX_LENGTH = 6
SLUG_LENGTH = 40


def choose_id(kind: Kind, document: dict[str, Any]) -> str:
    """Return an id for a new document, or "" where only its author can name it.

    A consumer is its username, plugin metadata its plugin; credentials and secrets
    need their parent's name.
    """
    if kind.name == "consumer":
        return str(document.get("username", ""))
    if kind.name in {"plugin_metadata", "credential", "secret"}:
        return ""
    suffix = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))
    return f"{_slug(kind, document)}-{suffix}"


def _slug(kind: Kind, document: dict[str, Any]) -> str:
    uris, hosts = document.get("uris"), document.get("snis")
    for text in (
        document.get("name"),
        document.get("uri"),
        uris[0] if isinstance(uris, list) and uris else None,
        document.get("sni"),
        hosts[0] if isinstance(hosts, list) and hosts else None,
        document.get("desc"),
    ):
        slug = re.sub(r"[^a-z0-9]+", "-", str(text or "").lower()).strip("-")
        if slug:
            return slug[:SLUG_LENGTH].strip("-")
    return kind.name.replace("_", "-")
