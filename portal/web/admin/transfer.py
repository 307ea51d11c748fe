"""The back office's view of large files: who gave them, and what became of them."""

from django.contrib import admin

from portal.changes.models import ImportFile
from portal.web.admin.shown import ByGateway, Shown


@admin.register(ImportFile)
class ImportFileAdmin(Shown):
    gateway_path = "gateway"
    list_display = ("__str__", "author", "format", "state", "progress", "created_at")
    list_filter = ("state", ("gateway", ByGateway), "created_at")
    list_select_related = ("gateway", "author")
    search_fields = ("=change__number", "author__username")
    ordering = ("-pk",)
