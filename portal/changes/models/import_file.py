"""A file too large to be read while somebody waits for the answer."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Person
from portal.changes.models.change import ChangeRequest

# Renewed as the work goes on; after it another worker begins anew.
CLAIM = timedelta(minutes=5)
# So long it is told what became of a file.
TOLD_FOR = timedelta(days=7)


class ImportState(models.TextChoices):
    """How far a file is."""

    WAITING = "waiting", _("Being read")
    FILED = "filed", _("Filed")
    REFUSED = "refused", _("Refused")


class ImportFileQuerySet(models.QuerySet["ImportFile"]):
    def free(self, now: datetime) -> "ImportFileQuerySet":
        """Keep those that wait and that nobody works on."""
        return self.filter(state=ImportState.WAITING).filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now)
        )

    def outlived(self, now: datetime) -> "ImportFileQuerySet":
        """Keep those whose end everybody has had the time to read."""
        ended = [ImportState.FILED, ImportState.REFUSED]
        return self.filter(state__in=ended, finished_at__lt=now - TOLD_FOR)


class ImportFile(models.Model):
    """What somebody gave and asked for; `sealed` is the file's text, gone once read."""

    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="import_files"
    )
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="import_files"
    )
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True)
    client = models.CharField(max_length=200, blank=True)
    conversation = models.CharField(max_length=200, blank=True)
    format = models.CharField(max_length=10)
    options = models.JSONField(default=dict)
    delete_missing = models.BooleanField(default=False)
    deliver_after = models.DateTimeField(null=True)
    expires_after = models.DurationField(null=True)
    reason = models.TextField()
    title = models.CharField(max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    request_digest = models.CharField(max_length=64)
    sealed = models.BinaryField(null=True, editable=False)
    size = models.PositiveIntegerField(help_text=_("Bytes."))
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.WAITING
    )
    progress = models.PositiveSmallIntegerField(default=0, help_text=_("Percent."))
    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, null=True)
    refusal = models.JSONField(default=dict, help_text=_("Why it was refused."))
    passed_over = models.JSONField(default=list)
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often a worker began to read it.")
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ImportFileQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values), name="import_state_known"
            ),
            models.UniqueConstraint(
                fields=["author", "request_digest"],
                condition=Q(state=ImportState.WAITING),
                name="import_waits_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state"], name="import_by_state")]

    def __str__(self) -> str:
        return f"import {self.pk} to {self.gateway}"

    def tell(self, percent: int) -> None:
        """Keep how far it is; whoever reads it has it for some more minutes."""
        now = timezone.now()
        self._write(progress=percent, claimed_until=now + CLAIM)

    def end(self, state: ImportState, **fields: Any) -> bool:
        """Keep what became of it and forget the file; say whether nobody had before."""
        return self._write(
            state=state,
            progress=100,
            sealed=None,
            claimed_until=None,
            finished_at=timezone.now(),
            **fields,
        )

    def _write(self, **fields: Any) -> bool:
        mine = ImportFile.objects.filter(pk=self.pk, state=ImportState.WAITING)
        return bool(mine.update(**fields))
