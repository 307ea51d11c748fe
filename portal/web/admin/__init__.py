"""What the back office shows of each model, and the few things one may do there.

A folder of the web door, not a module beside each model: it is HTTP, so it may know
every layer and no layer may know it.
"""

from portal.web.admin import (
    changes,
    deliveries,
    drift,
    freezes,
    gateways,
    ledger,
    notifications,
    people,
    policy,
    programs,
    transfer,
    webhooks,
)

__all__ = [
    "changes",
    "deliveries",
    "drift",
    "freezes",
    "gateways",
    "ledger",
    "notifications",
    "people",
    "policy",
    "programs",
    "transfer",
    "webhooks",
]
