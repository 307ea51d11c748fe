"""Whom a provider of single sign-on knows somebody as."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models.people import Person


class Identity(models.Model):
    """An account at a provider. Its subject never changes; names and addresses do."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="identities"
    )
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name_plural = _("identities")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
            models.UniqueConstraint(
                fields=["issuer", "person"], name="identity_one_per_provider"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
