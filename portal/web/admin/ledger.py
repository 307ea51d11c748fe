"""The ledger: to read, whatever one's role."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.accounts.visible_events import events_visible_to
from portal.audit.models import AuditEvent, LedgerHead
from portal.web.admin.shown import Rights, Shown, one_line


@admin.register(AuditEvent)
class AuditEventAdmin(Shown):
    list_display = (
        "number",
        "at",
        "event",
        "actor",
        "channel",
        "client",
        "gateway",
        "subject",
        "revision",
        "in_short",
    )
    list_filter = ("event", "channel", "gateway", "at")
    search_fields = ("actor", "subject", "client", "=request_id", "=subject_id")
    ordering = ("-number",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Rights.of(request).anywhere(Verb.READ)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        # Not Shown's: an entry names its gateway as text.
        return events_visible_to(cast(Person, request.user)).order_by("-number")

    @admin.display(description="details")
    def in_short(self, event: AuditEvent) -> str:
        return one_line(event.details) if event.details else ""


@admin.register(LedgerHead)
class LedgerHeadAdmin(Shown):
    list_display = ("number", "hash")
