"""What a gateway holds although nobody approved it here, and what to say nothing of."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway import sealing
from gateway.diff import Difference, diff
from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.accounts.models import Person
from portal.audit.ledger import Subject
from portal.changes.models import ChangeRequest

KIND_CHOICES = [(kind.name, kind.title) for kind in KINDS.values()]


class What(models.TextChoices):
    """What was done to the resource outside of Gatehouse."""

    CREATED = "created", _("Created")
    ALTERED = "altered", _("Altered")
    DELETED = "deleted", _("Deleted")


class DriftState(models.TextChoices):
    """What became of a drift."""

    OPEN = "open", _("Open")
    IGNORED = "ignored", _("Ignored")
    ADOPTED = "adopted", _("Adopted")
    REVERTED = "reverted", _("Reverted")
    GONE = "gone", _("Gone")


# The resource is not as it was approved, whether anybody minds or not.
STANDING = (DriftState.OPEN, DriftState.IGNORED)


class DriftRule(models.Model):
    """What to say nothing of, as an administrator decided. Empty fields fit anything.

    With a `field` only those parts of a document are passed over.
    """

    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drift_rules",
        help_text=_("Empty: all gateways."),
    )
    kind = models.CharField(max_length=20, choices=KIND_CHOICES, blank=True)
    resource_id = models.CharField(
        "id", max_length=200, blank=True, help_text=_("With * and ?, such as test-*.")
    )
    label = models.CharField(
        max_length=200,
        blank=True,
        help_text=_(
            "A label that the resource carries: managed-by, or managed-by=adc."
        ),
    )
    field = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("A field with * and ?, such as upstream.nodes or labels.build-*."),
    )
    reason = models.TextField()
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        parts = [
            self.kind or "anything",
            self.resource_id,
            f"labelled {self.label}" if self.label else "",
            f"field {self.field}" if self.field else "",
            f"on {self.gateway.slug if self.gateway else 'all gateways'}",
        ]
        return " ".join(part for part in parts if part)

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug if self.gateway else ""
        return Subject("drift_rule", str(self.pk), str(self), slug)


class DriftQuerySet(models.QuerySet["Drift"]):
    def open(self) -> "DriftQuerySet":
        return self.filter(state=DriftState.OPEN)

    def standing(self) -> "DriftQuerySet":
        return self.filter(state__in=STANDING)

    def of_resource(
        self, gateway: Gateway, kind: str, resource_id: str
    ) -> "DriftQuerySet":
        return self.filter(gateway=gateway, kind=kind, resource_id=resource_id)

    def by_gateway(self, gateways: Iterable[Gateway]) -> dict[int, int]:
        """Return {primary key of gateway: how many}, without those that have none. One query."""
        rows = self.filter(gateway__in=[gateway.pk for gateway in gateways]).order_by()
        counted = rows.values_list("gateway").annotate(count=models.Count("pk"))
        return dict(counted)

    def shown(self) -> "DriftQuerySet":
        """Leave out what pages never show, and add what they name."""
        return self.defer("baseline_sealed", "live_sealed").select_related(
            "gateway", "resolved_by", "change", "rule"
        )


class Drift(models.Model):
    """A resource that is not as it was last approved or accepted.

    `baseline` is what it was, `live` what it was found to be; None: not there. Both are
    redacted, for everyone; the sealed pair is whole, to restore.
    """

    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="drifts"
    )
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    resource_id = models.CharField(max_length=600)
    what = models.CharField(max_length=10, choices=What.choices)
    baseline = models.JSONField(null=True)
    baseline_sealed = models.BinaryField(null=True, editable=False)
    baseline_digest = models.CharField(max_length=64, blank=True)
    live = models.JSONField(null=True)
    live_sealed = models.BinaryField(null=True, editable=False)
    live_digest = models.CharField(max_length=64, blank=True)
    owner = models.CharField(
        max_length=200, blank=True, help_text=_("Guessed from its labels.")
    )
    state = models.CharField(
        max_length=10, choices=DriftState.choices, default=DriftState.OPEN
    )
    first_seen = models.DateTimeField(default=timezone.now)
    # To move: a scan that finds it as it was leaves this alone.
    last_seen = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    rule = models.ForeignKey(
        DriftRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    change = models.ForeignKey(
        ChangeRequest,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drifts",
        help_text=_("Asks to restore the baseline."),
    )

    objects = DriftQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gateway", "kind", "resource_id"],
                condition=Q(state__in=STANDING),
                name="drift_one_standing_per_resource",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DriftState.values), name="drift_state_known"
            ),
            models.CheckConstraint(
                condition=Q(what__in=What.values), name="drift_what_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["gateway", "-id"], name="drift_by_gateway"),
            models.Index(fields=["gateway", "state", "-id"], name="drift_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.resource_id}"

    def get_absolute_url(self) -> str:
        return reverse("web:drift", args=[self.gateway.slug, self.pk])

    def audit_subject(self) -> Subject:
        return Subject("drift", str(self.pk), str(self), self.gateway.slug)

    @property
    def is_standing(self) -> bool:
        return self.state in STANDING

    @property
    def differences(self) -> Sequence[Difference]:
        """Return what changed from the baseline, secrets redacted."""
        return diff(self.baseline, self.live)

    def whole_baseline(self) -> dict[str, Any] | None:
        """Unseal what was approved or accepted."""
        return sealing.unseal(self.baseline_sealed) if self.baseline_sealed else None

    def whole_live(self) -> dict[str, Any] | None:
        """Unseal what was found."""
        return sealing.unseal(self.live_sealed) if self.live_sealed else None
