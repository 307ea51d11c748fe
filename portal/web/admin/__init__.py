"""What the back office shows of each model, and the few things one may do there.

A folder of the web door, not a module beside each model: it is HTTP, so it may know
every layer and no layer may know it.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from portal.web.admin import (
    changes,
    deliveries,
    drift,
    freezes,
    gateways,
    ledger,
    people,
    transfer,
)

# Roles are ours (portal/accounts/roles.py); Django's groups grant nothing here.
if admin.site.is_registered(Group):
    admin.site.unregister(Group)

__all__ = [
    "changes",
    "deliveries",
    "drift",
    "freezes",
    "gateways",
    "ledger",
    "people",
    "transfer",
]
