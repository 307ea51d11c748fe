from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "portal.audit"
    label = "audit"

    def ready(self) -> None:
        from portal.audit.triggers import after_migrate

        post_migrate.connect(after_migrate, sender=self, dispatch_uid="audit.triggers")
