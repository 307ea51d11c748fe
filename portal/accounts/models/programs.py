"""Programs that people let in (OAuth clients), and the codes and tokens they get.

The fields are django-oauth-toolkit's, swapped in by the settings; what is added ties
every code and token to the connection (`ApiToken`) that a person allowed. Of secrets
there are hashes alone.
"""

import hashlib
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.db import models
from django.utils.translation import gettext
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractRefreshToken,
)

from portal.accounts import redirects
from portal.accounts.models.people import ApiToken
from portal.audit.ledger import Subject


class Program(AbstractApplication):
    """An OAuth client. Everybody may register one under any name."""

    # A GPT Action has a secret and knows no PKCE; only an administrator makes one.
    is_gpt_action = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    # It belongs to nobody: who let it in, a connection says.
    user = None

    def __str__(self) -> str:
        return f"{self.name} ({self.known_by})"

    @property
    def known_by(self) -> str:
        """How we know it, and what it cannot choose freely: in a word or two."""
        if self.registration_source == self.RegistrationSource.CIMD:
            return urlsplit(self.client_id).hostname or self.client_id
        if self.registration_source == self.RegistrationSource.DCR:
            hosts = {redirects.host_of(uri) for uri in self.redirect_uris.split()}
            told = {"hosts": ", ".join(sorted(hosts))[:80]}
            return gettext("self-registered, %(hosts)s") % told
        return gettext("GPT Action") if self.is_gpt_action else gettext("set up here")

    def audit_subject(self) -> Subject:
        return Subject("program", str(self.pk), str(self))

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Say whether this is exactly a registered address (redirects.py)."""
        return redirects.is_among(
            uri,
            self.redirect_uris.split(),
            any_port=self.client_type == self.CLIENT_PUBLIC,
        )

    def is_usable(self, request: Any = None) -> bool:
        return self.removed_at is None


class HashedField(models.CharField):
    """Text that is stored, and looked up, as its SHA-256 in hexadecimal.

    For random text alone. What is read back is the hash: never save it again.
    """

    def deconstruct(self) -> Any:
        """Tell migrations of the column, which is like any other."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else hashlib.sha256(value.encode()).hexdigest()


class Grant(AbstractGrant):
    """An authorization code. It is kept once used: a second use betrays a thief."""

    code = HashedField(max_length=64, unique=True)
    connection = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    used_at = models.DateTimeField(null=True)
    user = None


class AccessToken(AbstractAccessToken):
    """Opens the API for an hour at most."""

    connection = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    # What the library ties together by these is the connection here.
    user = None
    id_token = None
    source_refresh_token = None

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires"], name="access_expires")]


class RefreshToken(AbstractRefreshToken):
    """Buys the next pair of tokens, once; `revoked` says when it did."""

    connection = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    user = None
    access_token = None
    token_family = None

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_checksum"], name="refresh_once")
        ]
        indexes: ClassVar = [models.Index(fields=["created"], name="refresh_created")]
