"""Bringing an approved revision to its gateway: the outbox and what became of it."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.changes.models.change import Item, Revision


class DeliveryState(models.TextChoices):
    """How far a delivery is."""

    PENDING = "pending", _("Waiting")
    SENDING = "sending", _("Being written")
    VERIFIED = "verified", _("Verified")
    CONFLICTED = "conflicted", _("Conflicted")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unfinished(self) -> "DeliveryQuerySet":
        return self.filter(state__in=[DeliveryState.PENDING, DeliveryState.SENDING])

    def due(self, now: datetime) -> "DeliveryQuerySet":
        """Keep what a worker may take now: due and waiting, or sending without a lease.

        First approved, first served.
        """
        waiting = Q(state=DeliveryState.PENDING)
        stalled = Q(state=DeliveryState.SENDING) & (
            Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
        )
        return (
            self.filter(waiting | stalled)
            .filter(Q(not_before=None) | Q(not_before__lte=now))
            .filter(
                Q(revision__deliver_after=None) | Q(revision__deliver_after__lte=now)
            )
            .order_by("queued_at", "pk")
        )


class Delivery(models.Model):
    """The outbox: brings one approved revision to its gateway.

    A worker holds it by `lease_token` until `lease_expires_at`. `wrote` says whether
    any write was sent that is not undone: such a delivery keeps its gateway while it
    waits for a retry.
    """

    revision = models.OneToOneField(
        Revision, on_delete=models.PROTECT, related_name="delivery"
    )
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="deliveries"
    )
    state = models.CharField(
        max_length=20, choices=DeliveryState.choices, default=DeliveryState.PENDING
    )
    queued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    wrote = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(
        default=0, help_text=_("Since it was last queued.")
    )
    trying_since = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(
        default=0, help_text=_("Items that stand as wanted, as the last attempt found.")
    )
    outcome = models.TextField(blank=True, help_text=_("In words, for people."))
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("deliveries")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gateway"],
                condition=Q(state="sending"),
                name="delivery_one_sending_per_gateway",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("queued_at"),
                condition=Q(state__in=["pending", "sending"]),
                name="delivery_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"delivery of {self.revision}"


class Outcome(models.TextChoices):
    """How one request to the gateway ended."""

    ACCEPTED = "accepted", _("Accepted")
    INVALID = "invalid", _("Refused as invalid")
    REFUSED = "refused", _("Key refused")
    BUSY = "busy", _("Gateway busy")
    UNREACHABLE = "unreachable", _("Not reached")
    UNKNOWN = "unknown", _("No answer")


class Attempt(models.Model):
    """One try of a delivery, committed before its first request goes out."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="attempts"
    )
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["delivery", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["delivery", "number"], name="attempt_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery}"


class StepKind(models.TextChoices):
    """What a step does."""

    READ = "read", _("Read")
    WRITE = "write", _("Write")
    VERIFY = "verify", _("Read back")
    RESTORE = "restore", _("Restore")


class Position(models.TextChoices):
    """Where the live resource stands, as one item sees it."""

    WANTED = "wanted", "As wanted"
    BASE = "base", "As it was planned against"
    MOVED = "moved", "Something else"


class Step(models.Model):
    """One request of an attempt, committed before it goes out; documents redacted.

    `found` is what a read told: nothing of steps from before it was kept.
    """

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="steps")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind.choices)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=700)
    sent = models.JSONField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    received = models.JSONField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    words = models.TextField(blank=True)
    found = models.CharField(max_length=10, choices=Position.choices, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
