"""When nothing was delivered, and what was let through: to look at."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from portal.accounts.roles import Verb
from portal.changes.models import Freeze, FreezeOverride
from portal.web.admin.shown import ByGateway, Rights, Shown


@admin.register(Freeze)
class FreezeAdmin(Shown):
    gateway_path = "gateway"
    list_display = ("__str__", "reason", "starts_at", "ends_at", "cron", "ended_at")
    list_filter = (("gateway", ByGateway), "made_at")
    list_select_related = ("gateway",)
    search_fields = ("reason",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Freeze]:
        """One that names no gateway reaches everybody's."""
        rights, rows = Rights.of(request), Freeze.objects.all()
        if rights.everywhere(Verb.READ):
            return rows
        return rows.filter(Q(gateway=None) | Q(gateway__in=rights.gateway_ids()))


@admin.register(FreezeOverride)
class FreezeOverrideAdmin(Shown):
    gateway_path = "delivery__gateway"
    list_display = ("__str__", "operator", "reason", "created_at")
    list_filter = (("delivery__gateway", ByGateway), "created_at")
    list_select_related = ("delivery__revision", "operator")
    search_fields = ("reason", "=delivery__revision__change__number")
    ordering = ("-pk",)
