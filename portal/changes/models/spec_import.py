"""What an OpenAPI document said when it was imported."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway import sealing
from gateway.models import Gateway
from portal.changes.models.change import ChangeRequest
from portal.changes.states import State


class SpecImportQuerySet(models.QuerySet["SpecImport"]):
    def latest_applied(self, gateway: Gateway, spec: str) -> "SpecImport | None":
        """Return what a document said when it last reached its gateway."""
        return (
            self.filter(gateway=gateway, spec=spec, change__state=State.APPLIED)
            .order_by("-pk")
            .first()
        )

    def applied_to(self, gateway: Gateway) -> "dict[str, SpecImport]":
        """Return {spec: the latest that reached this gateway}. One query."""
        rows = self.filter(gateway=gateway, change__state=State.APPLIED).order_by("pk")
        return {row.spec: row for row in rows}


class SpecImport(models.Model):
    """One import: `sealed` holds what it said the gateway should hold, and of operations.

    The next import of the same `spec` tells by it what people changed since.
    """

    change = models.OneToOneField(
        ChangeRequest, on_delete=models.PROTECT, related_name="spec_import"
    )
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="spec_imports"
    )
    spec = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    version = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=2_000, blank=True)
    options = models.JSONField(default=dict)
    remarks = models.JSONField(
        default=list, help_text=_("What of the document a gateway cannot do, and more.")
    )
    sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SpecImportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["gateway", "spec"], name="spec_import_by_spec")
        ]

    def __str__(self) -> str:
        return f"{self.spec} on {self.gateway}"

    def whole(self) -> dict[str, Any]:
        """Unseal what it said.

        `documents` are [kind, id, document], `document` is the OpenAPI document in its
        inner form or null, `takes` {operation: [[METHOD, path, base], …]}.
        """
        told: dict[str, Any] = sealing.unseal(self.sealed)
        return told
