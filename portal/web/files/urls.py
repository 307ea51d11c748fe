"""Addresses of files that come and go."""

from django.urls import path

from portal.web.files import openapi, transfer

urlpatterns = [
    path("gateways/<slug:slug>/transfer/", transfer.transfer_page, name="transfer"),
    path("gateways/<slug:slug>/transfer/export/", transfer.export_file, name="export"),
    path("gateways/<slug:slug>/openapi/", openapi.openapi_page, name="openapi"),
    path(
        "gateways/<slug:slug>/openapi/document/",
        openapi.openapi_document,
        name="openapi_document",
    ),
    path(
        "gateways/<slug:slug>/openapi/publish/",
        openapi.publish_openapi,
        name="publish_openapi",
    ),
]
