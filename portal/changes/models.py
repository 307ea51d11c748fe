"""What was asked, decided and delivered.

A ChangeRequest asks for something on one gateway; immutable Revisions say what; a
Review is one person's verdict on one revision; a Delivery brings an approved
revision to the gateway by Attempts, each made of Steps.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from gateway import sealing
from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.accounts.actor import Channel
from portal.accounts.models import ApiToken, Person
from portal.audit.ledger import Subject
from portal.changes.states import OPEN, SETTLED, HasState, State

KIND_CHOICES = [(kind.name, kind.title) for kind in KINDS.values()]


class Action(models.TextChoices):
    """What an item does to its resource."""

    CREATE = "create", "Create"
    UPDATE = "update", "Update"
    DELETE = "delete", "Delete"


class Verdict(models.TextChoices):
    """What a reviewer says of a revision."""

    APPROVE = "approve", "approved"
    REJECT = "reject", "rejected"
    REQUEST_CHANGES = "request_changes", "requested changes"


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, person: Person) -> "ChangeRequestQuerySet":
        """Keep changes on gateways this person may read, retired ones included."""
        if person.is_superuser or person.memberships.filter(gateway=None).exists():
            return self
        return self.filter(gateway__in=person.memberships.values("gateway"))

    def open(self) -> "ChangeRequestQuerySet":
        return self.filter(state__in=OPEN)

    def in_review(self) -> "ChangeRequestQuerySet":
        return self.filter(state=State.IN_REVIEW)

    def with_people(self) -> "ChangeRequestQuerySet":
        """Add what a list shows of each change, so that a row costs no query."""
        return self.select_related("gateway", "author", "token")


class ChangeRequest(HasState):
    """Something somebody asks for on one gateway."""

    number = models.BigAutoField(primary_key=True)
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="changes"
    )
    title = models.CharField(max_length=200)
    reason = models.TextField()
    # Made from the items alone, never from title or reason: what really happens.
    summary = models.TextField(editable=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="changes")
    channel = models.CharField(max_length=20, choices=Channel.choices)
    client = models.CharField(max_length=200, blank=True)
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, blank=True)
    conversation = models.CharField(
        max_length=200, blank=True, help_text="The client's own id of the conversation."
    )
    deliver_after = models.DateTimeField(null=True, blank=True)
    reverts = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reverted_by",
    )
    supersedes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="superseded_by",
    )
    request_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Equal requests have equal ones.",
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="change_state_known"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-number"], name="change_by_state"),
            models.Index(fields=["author", "-number"], name="change_by_author"),
            models.Index(fields=["gateway", "-number"], name="change_by_gateway"),
            models.Index(fields=["author", "request_digest"], name="change_by_request"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("web:change", args=[self.number])

    def audit_subject(self) -> Subject:
        return Subject("change", str(self.number), str(self), self.gateway.slug)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED

    def latest_revision(self) -> "Revision":
        return self.revisions.latest("number")

    def author_ids(self) -> set[int]:
        """Return everybody who wrote any of it, or made the token that filed it."""
        ids = set(self.revisions.values_list("author_id", flat=True)) | {self.author_id}
        makers = Person.objects.filter(
            Q(api_tokens__revision__change=self) | Q(api_tokens__changerequest=self)
        )
        return ids | set(makers.values_list("pk", flat=True))


class Immutable(Exception):
    """Somebody tried to change a row that approvals refer to."""


class WrittenOnce(models.Model):
    """A row that is created and never changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Immutable(f"{type(self).__name__} rows are written once.")
        super().save(*args, **kwargs)


class Revision(WrittenOnce):
    """Version *n* of what a change wants. `digest` covers all its items."""

    change = models.ForeignKey(
        ChangeRequest, on_delete=models.PROTECT, related_name="revisions"
    )
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="revisions"
    )
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, blank=True)
    digest = models.CharField(max_length=64)
    findings = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["change", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["change", "number"], name="revision_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of #{self.change_id}"


class Item(WrittenOnce):
    """One resource of a revision: what it was (`base`) and what it shall be (`wanted`).

    `base` and `wanted` are redacted, for everyone; the sealed pair is whole, for
    delivery, compensation, rollback and rebase alone. `base` is None for a create,
    `wanted` for a delete.
    """

    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="items"
    )
    position = models.PositiveIntegerField()
    action = models.CharField(max_length=10, choices=Action.choices)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    resource_id = models.CharField(max_length=600)
    base = models.JSONField(null=True)
    base_sealed = models.BinaryField(null=True, editable=False)
    base_digest = models.CharField(max_length=64, blank=True)
    wanted = models.JSONField(null=True)
    wanted_sealed = models.BinaryField(null=True, editable=False)
    wanted_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["revision", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["revision", "position"], name="item_position_once"
            ),
            models.UniqueConstraint(
                fields=["revision", "kind", "resource_id"], name="item_resource_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "resource_id"], name="item_by_resource")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.resource_id}"

    def whole_base(self) -> dict[str, Any] | None:
        """Unseal what the gateway held when this was planned."""
        return sealing.unseal(self.base_sealed) if self.base_sealed else None

    def whole_wanted(self) -> dict[str, Any] | None:
        """Unseal what the gateway shall hold."""
        return sealing.unseal(self.wanted_sealed) if self.wanted_sealed else None


class Review(WrittenOnce):
    """One person's verdict on one revision, and the digest they saw."""

    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="reviews"
    )
    reviewer = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="reviews"
    )
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["revision", "reviewer"], name="review_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.get_verdict_display()} {self.revision}"


class Comment(WrittenOnce):
    """Something said about a change."""

    change = models.ForeignKey(
        ChangeRequest, on_delete=models.PROTECT, related_name="comments"
    )
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="comments"
    )
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"comment of {self.author} on #{self.change_id}"


class DeliveryState(models.TextChoices):
    """How far a delivery is."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being written"
    VERIFIED = "verified", "Verified"
    CONFLICTED = "conflicted", "Conflicted"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


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
                Q(revision__change__deliver_after=None)
                | Q(revision__change__deliver_after__lte=now)
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
        default=0, help_text="Since it was last queued."
    )
    trying_since = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True, help_text="In words, for people.")
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
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

    ACCEPTED = "accepted", "Accepted"
    INVALID = "invalid", "Refused as invalid"
    REFUSED = "refused", "Key refused"
    BUSY = "busy", "Gateway busy"
    UNREACHABLE = "unreachable", "Not reached"
    UNKNOWN = "unknown", "No answer"


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

    READ = "read", "Read"
    WRITE = "write", "Write"
    VERIFY = "verify", "Read back"
    RESTORE = "restore", "Restore"


class Step(models.Model):
    """One request of an attempt, committed before it goes out; documents redacted."""

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
    started_at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class IdempotencyKey(models.Model):
    """A client's own key for one request, kept seven days."""

    author = models.ForeignKey(Person, on_delete=models.CASCADE)
    client = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    change = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["author", "client", "key"], name="idempotency_key_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.author}"
