"""How changes were brought to their gateways: to look at."""

from django.contrib import admin

from portal.changes.models import Attempt, Delivery, NodeSighting, ProbeRun, Step
from portal.web.admin.shown import ByGateway, Shown, ShownInline


class AttemptInline(ShownInline):
    model = Attempt
    fields = ("number", "worker", "started_at", "finished_at", "outcome")


class StepInline(ShownInline):
    model = Step
    fields = ("kind", "method", "path", "status", "outcome", "words", "duration_ms")


@admin.register(Delivery)
class DeliveryAdmin(Shown):
    gateway_path = "gateway"
    # Whoever holds a lease's token could speak for the worker.
    hidden = ("lease_token",)
    list_display = (
        "__str__",
        "gateway",
        "state",
        "tries",
        "queued_at",
        "finished_at",
        "outcome",
    )
    list_filter = ("state", ("gateway", ByGateway), "queued_at")
    date_hierarchy = "queued_at"
    list_select_related = ("gateway", "revision")
    search_fields = ("=revision__change__number", "outcome")
    ordering = ("-pk",)
    inlines = (AttemptInline,)


@admin.register(Attempt)
class AttemptAdmin(Shown):
    gateway_path = "delivery__gateway"
    list_display = (
        "__str__",
        "number",
        "worker",
        "started_at",
        "finished_at",
        "outcome",
    )
    list_filter = (("delivery__gateway", ByGateway), "started_at")
    list_select_related = ("delivery__revision",)
    search_fields = ("=delivery__revision__change__number", "worker", "outcome")
    ordering = ("-pk",)
    inlines = (StepInline,)


@admin.register(Step)
class StepAdmin(Shown):
    gateway_path = "attempt__delivery__gateway"
    list_display = (
        "__str__",
        "kind",
        "status",
        "outcome",
        "duration_ms",
        "attempt",
        "started_at",
    )
    list_filter = ("kind", "outcome", ("attempt__delivery__gateway", ByGateway))
    list_select_related = ("attempt__delivery__revision",)
    search_fields = ("path", "words", "=attempt__delivery__revision__change__number")
    ordering = ("-pk",)


@admin.register(NodeSighting)
class NodeSightingAdmin(Shown):
    gateway_path = "delivery__gateway"
    list_display = ("__str__", "state", "milliseconds", "words")
    list_filter = ("state", ("delivery__gateway", ByGateway))
    list_select_related = ("delivery__revision",)
    search_fields = ("url", "words", "=delivery__revision__change__number")
    ordering = ("-pk",)


@admin.register(ProbeRun)
class ProbeRunAdmin(Shown):
    gateway_path = "delivery__gateway"
    list_display = ("__str__", "state", "words")
    list_filter = ("state", ("delivery__gateway", ByGateway))
    list_select_related = ("delivery__revision",)
    search_fields = ("=delivery__revision__change__number",)
    ordering = ("-pk",)
