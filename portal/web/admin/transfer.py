"""The back office's view of files that came in: who gave them, what became of them."""

from django.contrib import admin

from portal.accounts.roles import Verb
from portal.changes.models import ImportFile, SpecImport
from portal.web.admin.changes import OfChange
from portal.web.admin.shown import ByGateway, Shown


@admin.register(ImportFile)
class ImportFileAdmin(Shown):
    gateway_path = "gateway"
    needed = Verb.EXPORT
    list_display = ("__str__", "author", "format", "state", "progress", "created_at")
    list_filter = ("state", ("gateway", ByGateway), "created_at")
    list_select_related = ("gateway", "author")
    search_fields = ("=change__number", "author__username")
    ordering = ("-pk",)


@admin.register(SpecImport)
class SpecImportAdmin(OfChange):
    gateway_path = "gateway"
    list_display = ("__str__", "title", "version", "change", "created_at")
    list_filter = (("gateway", ByGateway), "created_at")
    list_select_related = ("gateway", "change")
    search_fields = ("spec", "title", "=change__number")
    ordering = ("-pk",)
