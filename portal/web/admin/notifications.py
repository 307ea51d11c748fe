"""Who was told of what, and how they want to be told: to look at."""

from django.contrib import admin

from portal.accounts.roles import Verb
from portal.notifications.models import Notification, Progress, Wish
from portal.web.admin.shown import ByGateway, Shown


@admin.register(Notification)
class NotificationAdmin(Shown):
    gateway_path = "gateway"
    needed = Verb.EXPORT
    list_display = ("person", "topic", "words", "gateway", "at", "read_at", "mailed_at")
    list_filter = ("topic", ("gateway", ByGateway), "at")
    list_select_related = ("person", "gateway")
    search_fields = ("person__username", "words")
    ordering = ("-pk",)


@admin.register(Wish)
class WishAdmin(Shown):
    list_display = ("person", "topic", "way")
    list_filter = ("topic", "way")
    list_select_related = ("person",)
    search_fields = ("person__username",)


@admin.register(Progress)
class ProgressAdmin(Shown):
    list_display = ("__str__", "seen")
