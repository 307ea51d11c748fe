"""The ledger: to read, whatever one's role."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.accounts.actor import Channel
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.accounts.visible_events import events_visible_to
from portal.audit.events import Event
from portal.audit.models import (
    Archive,
    AuditEvent,
    AuditHead,
    AuditStream,
    LedgerCheck,
    LedgerHead,
    SigningKey,
)
from portal.trail.filters import SUBJECTS
from portal.web.admin.shown import Rights, Shown, one_line
from portal.web.events import program, shown
from portal.web.templatetags.gatehouse import visible


class ByEvent(admin.SimpleListFilter):
    """What entries are about, and of the one that is chosen what happened to it.

    All events in one list are more than anybody reads.
    """

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("event", "").partition(".")[0]
        offered = []
        for subject in SUBJECTS:
            offered.append((subject, subject.replace("_", " ")))
            if subject == chosen:
                events = [one for one in Event if one.startswith(f"{subject}.")]
                offered += [(one.value, f"– {one.label}") for one in events]
        return offered

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if not value:
            return queryset
        if "." in value:
            return queryset.filter(event=value)
        return queryset.filter(event__startswith=f"{value}.")


class ByChannel(admin.SimpleListFilter):
    """The channels there are; asking the ledger which it holds would read it whole."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Channel.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class ByGateway(admin.SimpleListFilter):
    """The gateways this person may see."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        person = cast(Person, request.user)
        return [(gateway.slug, gateway.slug) for gateway in person.gateways()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(Shown):
    list_display = (
        "number",
        "at",
        "actor",
        "event",
        "about",
        "in_short",
        "channel",
        "program",
        "gateway",
    )
    list_filter = (ByEvent, ByChannel, ByGateway, "at")
    search_fields = ("actor", "subject", "client", "=request_id", "=subject_id")
    ordering = ("-number",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Rights.of(request).anywhere(Verb.READ)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        # Not Shown's: an entry names its gateway as text.
        return events_visible_to(cast(Person, request.user)).order_by("-number")

    @admin.display(description=_("client"))
    def program(self, event: AuditEvent) -> str:
        return str(visible(program(event.channel, event.client)))

    @admin.display(description=_("subject"), ordering="subject")
    def about(self, event: AuditEvent) -> str:
        return str(visible(event.subject))

    @admin.display(description=_("details"))
    def in_short(self, event: AuditEvent) -> str:
        details = shown([event])[0].details
        return str(visible(one_line(details))) if details else ""


@admin.register(LedgerHead)
class LedgerHeadAdmin(Shown):
    list_display = ("number", "hash")


@admin.register(LedgerCheck)
class LedgerCheckAdmin(Shown):
    list_display = ("number", "at", "whole_at", "broken_at", "broken_words")


@admin.register(AuditStream)
class AuditStreamAdmin(Shown):
    hidden = ("lease",)
    list_display = ("number", "taken_at", "failures", "trouble", "next_at")


@admin.register(AuditHead)
class AuditHeadAdmin(Shown):
    list_display = ("day", "number", "hash", "key")
    list_filter = ("day",)
    list_select_related = ("key",)
    search_fields = ("=number",)


@admin.register(SigningKey)
class SigningKeyAdmin(Shown):
    list_display = ("key_id", "public", "made_at")


@admin.register(Archive)
class ArchiveAdmin(Shown):
    list_display = ("month", "first", "last", "file", "size", "archived_at")
    list_filter = ("archived_at",)
    search_fields = ("month", "file", "sha256")
