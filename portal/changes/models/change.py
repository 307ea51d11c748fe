"""What was asked, and what people said of it."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway import sealing
from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.accounts.actor import Channel
from portal.accounts.models import ApiToken, Person
from portal.audit.ledger import Subject
from portal.changes.probe import Probe
from portal.changes.states import ON_THE_WAY, OPEN, SETTLED, HasState, State
from portal.changes.terms import Terms

KIND_CHOICES = [(kind.name, kind.title) for kind in KINDS.values()]


class Action(models.TextChoices):
    """What an item does to its resource."""

    CREATE = "create", _("Create")
    UPDATE = "update", _("Update")
    DELETE = "delete", _("Delete")


class Verdict(models.TextChoices):
    """What a reviewer says of a revision."""

    APPROVE = "approve", _("approved")
    REJECT = "reject", _("rejected")
    REQUEST_CHANGES = "request_changes", _("requested changes")
    BREAK_GLASS = "break_glass", _("broke the glass for")


# What a delivery may be proved by.
DELIVERING = (Verdict.APPROVE, Verdict.BREAK_GLASS)


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    def visible_to(self, person: Person) -> "ChangeRequestQuerySet":
        """Keep changes on gateways this person may read, retired ones included.

        What was never sent is its author's own, withdrawn or not.
        """
        shared = self.filter(Q(submitted_at__isnull=False) | Q(author=person))
        if person.is_superuser or person.held().filter(gateway=None).exists():
            return shared
        return shared.filter(gateway__in=person.held().values("gateway"))

    def open(self) -> "ChangeRequestQuerySet":
        return self.filter(state__in=OPEN)

    def in_review(self) -> "ChangeRequestQuerySet":
        return self.filter(state=State.IN_REVIEW)

    def locked(self) -> "ChangeRequestQuerySet":
        """Lock each, its gateway at hand: two decisions at once see one another.

        Rows that refer to it may come meanwhile: their foreign keys are checked at the
        commit, when whoever wrote them has the ledger's head that we may wait for.
        """
        return self.select_for_update(of=("self",), no_key=True).select_related(
            "gateway"
        )

    def with_people(self) -> "ChangeRequestQuerySet":
        """Add what a list shows of each change, so that a row costs no query."""
        return self.select_related("gateway", "author__team", "token__made_by")


class ChangeRequest(HasState):
    """Something somebody asks for on one gateway."""

    number = models.BigAutoField(primary_key=True)
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="changes"
    )
    title = models.CharField(max_length=200, blank=True)
    reason = models.TextField()
    # Made from the items alone, never from title or reason: what really happens.
    summary = models.TextField(editable=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="changes")
    channel = models.CharField(max_length=20, choices=Channel.choices)
    client = models.CharField(max_length=200, blank=True)
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, blank=True)
    conversation = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("The client's own id of the conversation."),
    )
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
    promoted_from = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    promotes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="promoted_by",
        help_text=_("The change that brought it there."),
    )
    request_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text=_("Equal requests have equal ones."),
    )
    created_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When it left its author's hands first.")
    )

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
        return f"#{self.number} {self.title or self.summary}"

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
        """Return everybody who wrote any of it, or made a token that filed it. One query."""
        rows = self.revisions.values_list(
            "author_id",
            *(f"token__{who}" for who in ("person_id", "made_by_id")),
            *(f"change__token__{who}" for who in ("person_id", "made_by_id")),
        )
        ids = {person for row in rows for person in row if person is not None}
        return ids | {self.author_id}


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
    """Version *n* of what a change wants. `digest` covers all its items and its terms."""

    change = models.ForeignKey(
        ChangeRequest, on_delete=models.PROTECT, related_name="revisions"
    )
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="revisions"
    )
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, blank=True)
    channels = models.JSONField(
        default=list,
        help_text=_("By which channels it came; none is known of old ones."),
    )
    digest = models.CharField(max_length=64)
    findings = models.JSONField(default=list)
    deliver_after = models.DateTimeField(null=True)
    expires_after = models.DurationField(null=True)
    probe = models.JSONField(
        null=True, help_text=_("What is asked after the delivery.")
    )
    # Announced by that revision, and approved with it: takes it back.
    inverse_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="inverse"
    )
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

    @property
    def terms(self) -> Terms:
        return Terms(
            deliver_after=self.deliver_after,
            expires_after=self.expires_after,
            probe=Probe.of(self.probe) if self.probe else None,
        )


class ItemQuerySet(models.QuerySet["Item"]):
    def on_the_way(self, gateway: Gateway) -> "ItemQuerySet":
        """Keep what changes on their way want: of each its latest revision alone."""
        newer = Revision.objects.filter(
            change=OuterRef("revision__change"), number__gt=OuterRef("revision__number")
        )
        return self.filter(
            ~Exists(newer),
            revision__change__gateway=gateway,
            revision__change__state__in=ON_THE_WAY,
        )


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

    objects = ItemQuerySet.as_manager()

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
                fields=["revision", "reviewer"],
                condition=~Q(verdict=Verdict.BREAK_GLASS),
                name="review_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["revision"],
                condition=Q(verdict=Verdict.BREAK_GLASS),
                name="glass_broken_once",
            ),
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
