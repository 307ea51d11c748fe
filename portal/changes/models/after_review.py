"""What somebody delivered alone, for another person to look at afterwards."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Person
from portal.changes.models.change import Review


class AfterReviewQuerySet(models.QuerySet["AfterReview"]):
    def open(self) -> "AfterReviewQuerySet":
        return self.filter(closed_at=None)


class AfterReview(models.Model):
    """Opened with a broken glass; another person closes it, and says what they found."""

    review = models.OneToOneField(
        Review, on_delete=models.PROTECT, related_name="after_review"
    )
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    comment = models.TextField(blank=True)

    objects = AfterReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review afterwards")
        verbose_name_plural = _("reviews afterwards")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="after_review_closed_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"review of {self.review.revision} after the glass was broken"
