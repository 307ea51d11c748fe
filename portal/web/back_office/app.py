"""The Django admin with our own site; apart, since `apps.py` may name one default."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "portal.web.back_office.site.BackOffice"
