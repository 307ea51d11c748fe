"""What proves, besides a password, that somebody is who they say."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models.people import Person


class Factor(models.Model):
    """A second factor: an authenticator app, or a passkey."""

    class Kind(models.TextChoices):
        APP = "app", _("Authenticator app")
        PASSKEY = "passkey", _("Passkey")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=80)
    # An app's secret, or a passkey's public key, as text in base64.
    sealed = models.BinaryField()
    credential = models.CharField(  # noqa: DJ001 unique, where there is one
        max_length=1400,
        null=True,
        unique=True,
        help_text=_("A passkey's id, base64url."),
    )
    # The time step of the last code, or a passkey's own count: neither goes back.
    counter = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(kind="app"), name="factor_one_app"
            ),
            models.CheckConstraint(
                condition=Q(kind="app", credential=None)
                | Q(kind="passkey", credential__isnull=False),
                name="factor_passkey_has_a_credential",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """Opens once, when a second factor is lost. It has 80 random bits, so no salt."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="recovery_codes"
    )
    hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"
