"""Addresses of the façade: the default gateway's Admin API, and each gateway's."""

from django.urls import path

from portal.facade.door import admin_api

app_name = "facade"

urlpatterns = [
    path("apisix/admin", admin_api),
    path("apisix/admin/", admin_api),
    path("apisix/admin/<path:rest>", admin_api),
    path("g/<slug:slug>/apisix/admin", admin_api),
    path("g/<slug:slug>/apisix/admin/", admin_api),
    path("g/<slug:slug>/apisix/admin/<path:rest>", admin_api),
]
