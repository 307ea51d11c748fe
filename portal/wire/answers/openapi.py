"""What programs are told of an OpenAPI document that comes in."""

from typing import Any

from gateway.openapi.convert import whose
from portal.changes.openapi.propose_document import Previewed
from portal.wire.answers.changes import previewed, words
from portal.wire.answers.imports import passed_over

OPERATIONS_LIMIT = 200


def document_previewed(shown: Previewed) -> dict[str, Any]:
    """Return what importing a document would do, operation by operation."""
    plan, made = shown.plan, shown.read.made
    operations = [
        {
            "action": str(item.action),
            "kind": item.kind.name,
            "id": item.id,
            "operation": words(whose(item.wanted or item.base or {})[1], 200),
        }
        for item in plan.items[:OPERATIONS_LIMIT]
    ]
    counts = {
        action: sum(item.action == action for item in plan.items)
        for action in ("create", "update", "delete")
    }
    return previewed(plan) | {
        "spec": made.spec,
        "servers": [words(one.url, 300) for one in made.servers[:20]],
        "counts": counts,
        "operations": operations,
        "remarks": passed_over(shown.remarks),
    }
