"""Whether a delivered change proved itself at the gateway's public address."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.changes.models.delivery import Delivery


class ProbeState(models.TextChoices):
    """How a probe stands."""

    WAITING = "waiting", _("Not answered as expected yet")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")


class ProbeRunQuerySet(models.QuerySet["ProbeRun"]):
    def waiting(self) -> "ProbeRunQuerySet":
        return self.filter(state=ProbeState.WAITING)

    def due(self, now: datetime) -> "ProbeRunQuerySet":
        """Keep those that nobody sends now and that need not wait."""
        return self.waiting().filter(Q(not_before=None) | Q(not_before__lte=now))


class ProbeRun(models.Model):
    """The probe of one delivery: sent a few times until it passes.

    `tries` holds {at, milliseconds, status, words} of each, oldest first; the body of
    an answer is never kept. `begun` counts also those of workers that died.
    """

    delivery = models.OneToOneField(
        Delivery, on_delete=models.PROTECT, related_name="probe"
    )
    state = models.CharField(
        max_length=20, choices=ProbeState.choices, default=ProbeState.WAITING
    )
    begun = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    tries = models.JSONField(default=list)

    objects = ProbeRunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=ProbeState.values), name="probe_state_known"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["delivery"],
                condition=Q(state="waiting"),
                name="probe_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"probe of {self.delivery}"

    @property
    def words(self) -> str:
        """Say how the last try ended; "" before the first."""
        return str(self.tries[-1]["words"]) if self.tries else ""
