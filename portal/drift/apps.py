from django.apps import AppConfig


class DriftConfig(AppConfig):
    name = "portal.drift"
    label = "drift"

    def ready(self) -> None:
        from portal.changes.signals import applied, retired
        from portal.drift.settle import after_delivery, after_retirement

        applied.connect(after_delivery, dispatch_uid="drift.settle")
        retired.connect(after_retirement, dispatch_uid="drift.close")
