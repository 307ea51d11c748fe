"""Review rules by version, what they decided by themselves, and for whom they wait."""

import hashlib
from typing import ClassVar

import orjson
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import PolicyChange
from portal.changes.models.change import ChangeRequest, Revision, WrittenOnce


class RuleSet(WrittenOnce):
    """One version of all rules, in their order. The newest is in force."""

    version = models.PositiveIntegerField(primary_key=True)
    rules = models.JSONField()
    policy = models.OneToOneField(
        PolicyChange, on_delete=models.PROTECT, related_name="rule_set"
    )
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-version"]

    def __str__(self) -> str:
        return f"review rules, version {self.version}"

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of the rules."""
        text = orjson.dumps(self.rules, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()


class RuleApproval(WrittenOnce):
    """A revision that a rule let pass: as a review is a person's word, this is a rule's."""

    revision = models.OneToOneField(
        Revision, on_delete=models.PROTECT, related_name="rule_approval"
    )
    rule_set = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"rule {self.rule} let {self.revision} pass"


class Awaited(models.Model):
    """An approval of a change in review would count if a member of `group` gave it.

    Of any reviewer where it is empty. With `bars_editors` not of those who wrote what the
    change promotes, reverts or replaces.
    """

    change = models.ForeignKey(
        ChangeRequest, on_delete=models.CASCADE, related_name="awaited"
    )
    group = models.CharField(max_length=150, blank=True)
    bars_editors = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("awaited approval")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "group"], name="awaited_once")
        ]

    def __str__(self) -> str:
        return f"#{self.change_id} waits for {self.group or 'any reviewer'}"
