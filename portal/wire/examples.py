"""The example that runs through the OpenAPI document: the Conference API's route."""

from typing import Any

GATEWAY = {
    "slug": "default",
    "title": "Conference gateway",
    "environment": "production",
    "public_url": "https://api.example.com",
    "version": "3.18.0",
    "well": True,
    "trouble": "",
    "as_of": "2026-11-21T09:00:00Z",
    "approvals_required": 1,
    "may_ask": True,
    "url": "https://gatehouse.example.com/gateways/default/routes/",
}
ROUTE: dict[str, Any] = {
    "name": "conference",
    "uri": "/speaker/*",
    "methods": ["GET"],
    "upstream": {"url": "http://127.0.0.1:8000"},
}
ROUTE_ID = "conference-k7m2qx"
AS_OF = "2026-11-21T09:00:00Z"
ROUTE_SUMMARY = {
    "id": ROUTE_ID,
    "name": "conference",
    "uri": "/speaker/*",
    "methods": ["GET"],
    "target": "http://127.0.0.1:8000",
    "plugins": ["limit-count"],
}
STORED = {
    "id": ROUTE_ID,
    "name": "conference",
    "uri": "/speaker/*",
    "methods": ["GET"],
    "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
}
LIMIT = {"limit-count": {"count": 100, "time_window": 60, "rejected_code": 429}}
BRIEF: dict[str, Any] = {
    "number": 128,
    "state": "in_review",
    "gateway": "default",
    "title": "Publish the Conference API",
    "summary": f"Creates route {ROUTE_ID}: GET /speaker/* → 127.0.0.1:8000.",
    "author": "alice",
    "client": "ChatGPT",
    "created_at": "2026-11-21T09:00:00Z",
    "url": "https://gatehouse.example.com/changes/128/",
}
FILED: dict[str, Any] = {
    "change": {
        **BRIEF,
        "revision": 1,
        "approvals": {
            "given": 0,
            "required": 1,
            "missing": "1 approval missing, from a reviewer of gateway default who wrote "
            "none of this change.",
        },
        "findings": [],
    },
    "message": "Change #128 on gateway default waits for approval by a person who wrote none "
    f"of it (Creates route {ROUTE_ID}: GET /speaker/* → 127.0.0.1:8000): "
    "https://gatehouse.example.com/changes/128/",
}
ITEM = {
    "action": "create",
    "kind": "route",
    "id": ROUTE_ID,
    "sentence": f"Creates route {ROUTE_ID}: GET /speaker/* → 127.0.0.1:8000.",
    "differences": [
        {
            "path": "uri",
            "op": "add",
            "words": "uri added: /speaker/*",
            "before": None,
            "after": "/speaker/*",
        },
    ],
}
WHOLE: dict[str, Any] = {
    "change": {
        **FILED["change"],
        "state": "applied",
        "explained": "It is live, verified by reading back from the gateway.",
        "reason": "The speakers' page needs it.",
        "channel": "api",
        "deliver_after": None,
        "expires_after": None,
        "probe": None,
        "items": [ITEM],
        "reviews": [
            {
                "revision": 1,
                "reviewer": "riley",
                "verdict": "approve",
                "comment": "",
                "at": "2026-11-21T09:05:00Z",
            }
        ],
        "comments": [],
        "delivery": {
            "state": "verified",
            "outcome": "Written and read back.",
            "attempts": 1,
            "finished_at": "2026-11-21T09:05:01Z",
            "nodes": [],
            "probe": None,
        },
        "may_withdraw": False,
    },
    "message": "Change #128 on gateway default: applied. It is live, verified by reading "
    "back from the gateway. See https://gatehouse.example.com/changes/128/",
}
REASON = "The speakers' page needs it."


def page(*results: Any, **more: Any) -> dict[str, Any]:
    """Return a list's answer with these results."""
    return {**more, "results": list(results), "next": None, "as_of": AS_OF}
