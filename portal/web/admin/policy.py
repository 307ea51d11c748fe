"""Changes of policy, and the review rules: to look at. One decides in the portal."""

from django.contrib import admin

from portal.accounts.models import PolicyChange, PolicyLock
from portal.changes.models import Awaited, RuleApproval, RuleSet
from portal.web.admin.changes import OfChange
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


@admin.register(RuleSet)
class RuleSetAdmin(Shown):
    list_display = ("version", "made_at", "policy")
    list_select_related = ("policy__gateway",)
    search_fields = ("policy__reason",)
    ordering = ("-version",)


@admin.register(RuleApproval)
class RuleApprovalAdmin(OfChange):
    gateway_path = "revision__change__gateway"
    change_path = "revision__change"
    list_display = ("__str__", "rule", "rule_set", "created_at")
    list_filter = (("revision__change__gateway", ByGateway), "created_at")
    list_select_related = ("revision", "rule_set")
    search_fields = ("rule", "=revision__change__number")
    ordering = ("-pk",)


@admin.register(Awaited)
class AwaitedAdmin(OfChange):
    gateway_path = "change__gateway"
    list_display = ("change", "group", "bars_editors")
    list_filter = (("change__gateway", ByGateway), "group")
    list_select_related = ("change",)
    search_fields = ("group", "=change__number")
    ordering = ("-pk",)
