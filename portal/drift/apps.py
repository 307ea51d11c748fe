from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "portal.drift"
    label = "drift"

    def ready(self) -> None:
        from portal.changes.signals import applied
        from portal.drift.settle import after_delivery

        applied.connect(after_delivery, dispatch_uid="drift.settle")
