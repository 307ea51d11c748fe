"""What is kept of a document: what it says of its operations, for when it is written again."""

import json
from typing import Any

from gateway.openapi.shapes import Document
from gateway.openapi.source import DATA
from gateway.secret_fields import SECRET_NAME

# Bytes of JSON.
LIMIT = 12_000_000
KEPT = ("openapi", "info", "servers", "paths", "components", "security", "tags")
HIDDEN = "redacted"


def kept_of(document: Document) -> Document | None:
    """Return what is kept of a document in its inner form; None where it is too much.

    Extensions go, since they are for a gateway and may hold secrets; so does what an
    example gives as a password or token.
    """
    made: Document = _without_extensions(
        {name: document[name] for name in KEPT if name in document}, is_data=False
    )
    return made if len(json.dumps(made, ensure_ascii=False)) <= LIMIT else None


def _without_extensions(value: Any, *, is_data: bool) -> Any:
    if isinstance(value, list):
        return [_without_extensions(one, is_data=is_data) for one in value]
    if isinstance(value, int) and abs(value) >= 2**63:
        # More than what is kept can hold; it is a bound that nothing reaches.
        return float(value)
    if not isinstance(value, dict):
        return value
    made: Document = {}
    for name, one in value.items():
        if name.startswith("x-") and not is_data:
            continue
        if is_data and isinstance(one, str) and SECRET_NAME.search(name.lower()):
            made[name] = HIDDEN
        else:
            made[name] = _without_extensions(one, is_data=is_data or name in DATA)
    return made
