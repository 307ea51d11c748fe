"""When nothing may be delivered, and for whom that was set aside."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.audit.ledger import Subject
from portal.changes.models.change import WrittenOnce
from portal.changes.models.delivery import Delivery
from portal.changes.windows import Recurrence


class FreezeQuerySet(models.QuerySet["Freeze"]):
    def in_force(self) -> "FreezeQuerySet":
        """Keep those that hold now or may hold later."""
        over = Q(ends_at__isnull=False, ends_at__lte=timezone.now())
        return self.filter(ended_at=None).exclude(over)

    def on(self, gateway: Gateway) -> "FreezeQuerySet":
        """Keep those that reach this gateway."""
        everywhere = Q(gateway=None, environment="")
        reaches = everywhere | Q(gateway=gateway)
        if gateway.environment:
            reaches |= Q(gateway=None, environment__iexact=gateway.environment)
        return self.filter(reaches)


class Freeze(models.Model):
    """A time in which nothing is delivered: once, or again and again by cron.

    To one gateway, to those of an environment, or with neither to all.
    """

    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, null=True, related_name="freezes"
    )
    environment = models.CharField(max_length=40, blank=True)
    reason = models.TextField()
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    cron = models.CharField(max_length=100, blank=True)
    length = models.DurationField(null=True)
    zone = models.CharField("time zone", max_length=64, default="UTC")
    made_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="freezes"
    )
    made_at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    objects = FreezeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    cron="",
                    length=None,
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                )
                | (~Q(cron="") & Q(length__isnull=False, starts_at=None, ends_at=None)),
                name="freeze_once_or_again",
            ),
            models.CheckConstraint(
                condition=Q(gateway=None) | Q(environment=""), name="freeze_one_reach"
            ),
        ]

    def __str__(self) -> str:
        return f"freeze of {self.reach}"

    @property
    def reach(self) -> str:
        """Say which gateways it stops."""
        if self.gateway is not None:
            return f"gateway {self.gateway.slug}"
        if self.environment:
            return f"environment {self.environment}"
        return "all gateways"

    @property
    def reaches(self) -> str:
        """Say it as the beginning of a sentence: "gateway x is"."""
        is_all = self.gateway is None and not self.environment
        return f"{self.reach} {'are' if is_all else 'is'}"

    @property
    def recurrence(self) -> Recurrence | None:
        """Return the rule of one that comes again; None for one from, to."""
        if self.length is None:
            return None
        return Recurrence(self.cron, self.length, self.zone)

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug if self.gateway else ""
        return Subject("freeze", str(self.pk), str(self), slug)


class FreezeOverride(WrittenOnce):
    """One delivery that an operator lets pass the freezes that held it at that time."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="freeze_overrides"
    )
    operator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.delivery} in spite of a freeze"
