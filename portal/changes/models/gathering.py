"""A draft that a program's writes still come to."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.changes.models.change import ChangeRequest
from portal.changes.states import State


class GatheringQuerySet(models.QuerySet["Gathering"]):
    def open(self) -> "GatheringQuerySet":
        """Keep those that take further writes: nobody sent or withdrew them by hand."""
        return self.filter(held_back=False, change__state=State.DRAFT)

    def left_behind(self) -> "GatheringQuerySet":
        """Keep those whose draft is none any more."""
        return self.exclude(change__state=State.DRAFT)

    def due(self, now: datetime) -> "GatheringQuerySet":
        """Keep those that were quiet for long enough."""
        return self.open().filter(due_at__lte=now)


class Gathering(models.Model):
    """What a draft's writes have in common: the program, and when they count as all.

    `writes` tells two readings apart. `held_back`: it was due, and a blocker stood in
    the way; its program is told with its next write.
    """

    change = models.OneToOneField(
        ChangeRequest,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="gathering",
    )
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    program = models.CharField(max_length=200)
    writes = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    held_back = models.BooleanField(default=False)

    objects = GatheringQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["person", "program", "gateway"], name="gathering_by_program"
            ),
            models.Index(fields=["due_at"], name="gathering_by_due_at"),
        ]

    def __str__(self) -> str:
        return f"gathering of #{self.change_id}"
