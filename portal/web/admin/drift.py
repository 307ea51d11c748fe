"""What was changed outside of Gatehouse, and what of it is ignored: to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.drift.models import Drift, DriftRule
from portal.web.admin.shown import ByGateway, Shown


@admin.register(Drift)
class DriftAdmin(Shown):
    gateway_path = "gateway"
    hidden = ("baseline_digest", "live_digest")
    list_display = (
        "resource_id",
        "kind",
        "what",
        "state",
        "gateway",
        "owner",
        "first_seen",
        "resolved_by",
    )
    list_filter = ("state", "what", "kind", ("gateway", ByGateway), "first_seen")
    list_select_related = ("gateway", "resolved_by")
    search_fields = ("resource_id", "owner", "=change__number")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("baseline_sealed", "live_sealed")


@admin.register(DriftRule)
class DriftRuleAdmin(Shown):
    gateway_path = "gateway"
    list_display = ("__str__", "gateway", "author", "created_at")
    list_filter = ("kind", ("gateway", ByGateway))
    list_select_related = ("gateway", "author")
    search_fields = ("resource_id", "label", "field", "reason")
    ordering = ("-pk",)
