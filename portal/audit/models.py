"""The ledger's rows: append-only, each carrying the hash of the one before."""

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.audit.content import FIELDS, GENESIS, hash_of
from portal.audit.events import event_choices


class AppendOnly(Exception):
    """Somebody tried to change or delete an audit event."""


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit events are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Audit events are never deleted.")


class AuditEvent(models.Model):
    """One fact. Names are copied as text, so that history outlives people."""

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=40, choices=event_choices)
    actor = models.CharField(max_length=200)
    actor_id = models.BigIntegerField(null=True, db_index=True)
    channel = models.CharField(max_length=20)
    client = models.CharField(max_length=200, blank=True)
    token_id = models.BigIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    gateway = models.CharField(max_length=40, blank=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    subject = models.CharField(max_length=300)
    revision = models.PositiveIntegerField(null=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, unique=True)
    hash = models.CharField(max_length=64, unique=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(
                fields=["subject_type", "subject_id", "number"], name="audit_subject"
            ),
            # Each filter of the page, in the order that it is read in.
            models.Index(fields=["event", "number"], name="audit_event"),
            models.Index(fields=["gateway", "number"], name="audit_gateway"),
            models.Index(fields=["actor", "number"], name="audit_actor"),
            models.Index(fields=["client", "number"], name="audit_client"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.event} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Audit events are never deleted.")

    def content(self) -> dict[str, Any]:
        """Return what the hash is made of, in its order, as JSON takes it."""
        content = {name: getattr(self, name) for name in FIELDS}
        content["at"] = self.at.isoformat(timespec="microseconds")
        return content

    def computed_hash(self) -> str:
        """Return the SHA-256 (hex) of this row's content and the previous hash."""
        return hash_of(self.content())


class LedgerHead(models.Model):
    """The last event's number and hash; its row lock orders all writers."""

    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    def __str__(self) -> str:
        return f"head {self.number}"


class LedgerCheck(models.Model):
    """How far the ledger was proved to hold (one row; see checking.py)."""

    # What a look writes.
    WRITTEN = (
        "looks",
        "number",
        "hash",
        "at",
        "again",
        "again_hash",
        "whole_at",
        "broken_at",
        "broken_number",
        "broken_words",
    )

    looks = models.PositiveBigIntegerField(default=0)
    number = models.PositiveBigIntegerField(
        default=0, help_text=_("Of the last entry that was proved.")
    )
    hash = models.CharField(max_length=64, default=GENESIS)
    at = models.DateTimeField(null=True, help_text=_("When somebody last looked."))
    again = models.PositiveBigIntegerField(
        default=0, help_text=_("How far the old entries were read anew in this turn.")
    )
    again_hash = models.CharField(max_length=64, default=GENESIS)
    whole_at = models.DateTimeField(
        null=True, help_text=_("When all entries had last been read anew.")
    )
    broken_at = models.DateTimeField(null=True)
    broken_number = models.PositiveBigIntegerField(null=True)
    broken_words = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"broken: {self.broken_words}" if self.is_broken else "holds"

    @property
    def is_broken(self) -> bool:
        return self.broken_at is not None

    @property
    def trouble(self) -> str:
        """Say what breaks the chain, and where; "" while it holds."""
        if not self.is_broken:
            return ""
        where = f"event {self.broken_number}: " if self.broken_number else ""
        return f"{where}{self.broken_words}"


class SigningKey(models.Model):
    """An Ed25519 key that signs heads; the private part is sealed (see heads.py)."""

    key_id = models.CharField(max_length=16, unique=True)
    public = models.CharField(max_length=44, help_text=_("Base64 of its 32 bytes."))
    sealed = models.BinaryField(editable=False)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key_id


class AuditHead(models.Model):
    """The ledger's head as signed on one day."""

    day = models.DateField(unique=True)
    number = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    desk = models.CharField(max_length=300)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    signature = models.CharField(max_length=88, help_text=_("Base64."))
    signed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-day"]

    def __str__(self) -> str:
        return f"{self.day} {self.number}"

    def told(self) -> dict[str, Any]:
        """Return the head as it is kept elsewhere."""
        return {
            "desk": self.desk,
            "day": str(self.day),
            "number": self.number,
            "hash": self.hash,
            "key": self.key.key_id,
            "public_key": self.key.public,
            "signature": self.signature,
        }


class Archive(models.Model):
    """A month that left the ledger for a file (see archive.py)."""

    month = models.CharField(max_length=7)
    first = models.PositiveBigIntegerField(unique=True)
    first_previous = models.CharField(max_length=64)
    last = models.PositiveBigIntegerField(unique=True)
    last_hash = models.CharField(max_length=64)
    file = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    archived_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-last"]

    def __str__(self) -> str:
        return self.file

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def told(self) -> dict[str, Any]:
        """Return what the ledger says of it, which proves it."""
        return {
            "month": self.month,
            "first": self.first,
            "first_previous": self.first_previous,
            "last": self.last,
            "last_hash": self.last_hash,
            "file": self.file,
            "sha256": self.sha256,
        }


class AuditStream(models.Model):
    """How far the ledger was streamed to a syslog receiver (one row; see syslog/)."""

    number = models.PositiveBigIntegerField(
        default=0, help_text=_("Of the last entry that was taken.")
    )
    taken_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(
        default=0, help_text=_("Since something was taken.")
    )
    trouble = models.CharField(max_length=300, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True, editable=False)

    def __str__(self) -> str:
        return f"streamed up to {self.number}"
