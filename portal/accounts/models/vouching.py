"""Who let whom in lately: what keeps somebody from approving by an account they made."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models.people import Person


class Vouched(models.TextChoices):
    """What somebody did that lets an account decide, or lets them into it."""

    MADE = "made", _("made the account")
    LET_IN = "let_in", _("let the account in again")
    ROLE = "role", _("gave it a role")
    GROUP = "group", _("took it into a group")
    EMAIL = "email", _("changed its mail address")
    PASSWORD = "password", _("sent it a link to set the password")  # noqa: S105
    SECOND_FACTOR = "second_factor", _("took its second factor away")


# By these an account may be in the hands of whoever did so. A role gives nobody the
# account, and the link to set a password goes to the account's own address.
TAKES_IN_HAND = (
    Vouched.MADE,
    Vouched.LET_IN,
    Vouched.EMAIL,
    Vouched.SECOND_FACTOR,
)


class VouchingQuerySet(models.QuerySet["Vouching"]):
    def recent(self) -> "VouchingQuerySet":
        """Keep what keeps an approval given now from counting; nothing when off."""
        days = settings.NEW_REVIEWER_DAYS
        if not days:
            return self.none()
        return self.filter(at__gt=timezone.now() - timedelta(days=days))

    def taking_in_hand(self) -> "VouchingQuerySet":
        """Keep those by which the account may be in the hands of whoever did so."""
        return self.filter(how__in=TAKES_IN_HAND)


class Vouching(models.Model):
    """Somebody made, let in or empowered an account, written with what they did.

    For a while the two are no second person to each other (accounts/vouchings.py).
    """

    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="vouched")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="vouchings"
    )
    how = models.CharField(max_length=20, choices=Vouched.choices)
    at = models.DateTimeField(default=timezone.now)

    objects = VouchingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["person", "at"], name="vouching_of")]

    def __str__(self) -> str:
        return f"{self.by} {self.get_how_display()} of {self.person}"
