"""Changes of policy: to look at. They are decided on in the portal."""

from django.contrib import admin

from portal.accounts.models import PolicyChange, PolicyLock
from portal.web.admin.shown import ByGateway, Shown


@admin.register(PolicyChange)
class PolicyChangeAdmin(Shown):
    list_display = (
        "__str__",
        "state",
        "author",
        "created_at",
        "decided_by",
        "decided_at",
        "alone",
    )
    list_filter = ("state", "kind", ("gateway", ByGateway), "created_at")
    list_select_related = ("gateway", "author", "decided_by")
    search_fields = ("reason", "author__username")
    ordering = ("-pk",)


@admin.register(PolicyLock)
class PolicyLockAdmin(Shown):
    """That it is there: whoever changes policy waits for it."""
