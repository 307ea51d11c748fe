"""Where somebody is signed in."""

from typing import Any, ClassVar

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models.people import Person
from portal.accounts.session_store import SessionStore


class Session(AbstractBaseSession):
    """A browser's session. Who is not signed in has one for moments only.

    The columns repeat what the session's own data say (`session_store.py` writes both
    at once), so that its owner can be shown it and can end it.
    """

    # Not the key itself: the back office and addresses name a row by this.
    handle = models.CharField(max_length=16, primary_key=True)
    session_key = models.CharField(max_length=40, unique=True)
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    way = models.CharField(
        max_length=40, blank=True, help_text=_("By what they signed in.")
    )
    browser = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=64, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-seen_at"]

    def __str__(self) -> str:
        return self.handle

    @classmethod
    def get_session_store_class(cls) -> Any:
        return SessionStore
