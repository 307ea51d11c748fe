"""Links to set a forgotten password, as they were asked for."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class LinkRequest(models.Model):
    """Somebody asked for a link at this address. Deleted once it is answered.

    Written for every address: whose it is, if anybody's, a worker looks up
    (accounts/forgotten.py).
    """

    email = models.CharField(max_length=254)
    client = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"link request {self.pk}"
