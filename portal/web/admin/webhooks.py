"""Who is told of what happens, and what became of it: to look at, for who exports."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.accounts.roles import Verb
from portal.web.admin.shown import ByGateway, Shown
from portal.webhooks.models import Message, Try, Webhook


@admin.register(Webhook)
class WebhookAdmin(Shown):
    gateway_path = "gateway"
    needed = Verb.EXPORT
    list_display = ("name", "form", "shown_address", "gateway", "paused_at", "made_at")
    list_filter = ("form", ("gateway", ByGateway), "made_at")
    list_select_related = ("gateway",)
    search_fields = ("name", "shown_address")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("address_sealed", "secret_sealed")


@admin.register(Message)
class MessageAdmin(Shown):
    gateway_path = "webhook__gateway"
    needed = Verb.EXPORT
    hidden = ("lease",)
    list_display = ("key", "type", "webhook", "state", "tries", "made_at")
    list_filter = ("state", ("webhook__gateway", ByGateway), "made_at")
    list_select_related = ("webhook",)
    search_fields = ("key", "type")
    ordering = ("-pk",)


@admin.register(Try)
class TryAdmin(Shown):
    gateway_path = "message__webhook__gateway"
    needed = Verb.EXPORT
    list_display = ("message", "at", "status", "words", "milliseconds")
    list_filter = (("message__webhook__gateway", ByGateway), "at")
    list_select_related = ("message",)
    search_fields = ("message__key",)
    ordering = ("-pk",)
