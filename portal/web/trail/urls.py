"""Addresses of the audit."""

from django.urls import path

from portal.web.trail import entries, heads

urlpatterns = [
    path("audit/", entries.audit_page, name="audit"),
    path("audit/export", entries.export_page, name="export_audit"),
    path("audit/heads/", heads.heads_page, name="audit_heads"),
    path("audit/heads/<str:day>.json", heads.head_file, name="audit_head"),
    path("audit/verify/", entries.verify, name="verify_audit"),
    path("audit/<int:number>/", entries.entry_page, name="audit_entry"),
]
