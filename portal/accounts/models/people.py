"""People, the roles they hold, and the tokens their programs carry."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone

from gateway.models import Gateway
from portal.accounts.roles import Role, Verb, roles_allowing
from portal.audit.ledger import Subject

LAST_USED_EVERY = timedelta(minutes=1)


class Person(AbstractUser):
    """Somebody with an account. Never deleted once they did something: deactivated."""

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"

    def audit_subject(self) -> Subject:
        return Subject("person", str(self.pk), self.username)

    def may(self, verb: Verb, gateway: Gateway) -> bool:
        """Say whether this person may do `verb` on `gateway`. One query.

        On a retired gateway everybody only reads.
        """
        if not self.is_active:
            return False
        if gateway.retired_at and verb not in (Verb.READ, Verb.EXPORT):
            return False
        if self.is_superuser:
            return True
        return (
            self.memberships.filter(role__in=roles_allowing(verb))
            .filter(Q(gateway=None) | Q(gateway=gateway))
            .exists()
        )

    def may_anywhere(self, verb: Verb) -> bool:
        """Say whether this person may do `verb` on any gateway. One query."""
        if not self.is_active:
            return False
        return (
            self.is_superuser
            or self.memberships.filter(role__in=roles_allowing(verb)).exists()
        )

    def may_everywhere(self, verb: Verb) -> bool:
        """Say whether this person may do `verb` on every gateway. One query."""
        if not self.is_active:
            return False
        return (
            self.is_superuser
            or self.memberships.filter(
                gateway=None, role__in=roles_allowing(verb)
            ).exists()
        )

    def gateways(self, verb: Verb = Verb.READ) -> "models.QuerySet[Gateway]":
        """Return the gateways in service where this person may do `verb`. Lazy."""
        gateways = Gateway.objects.in_service()
        if not self.is_active:
            return gateways.none()
        if self.is_superuser:
            return gateways
        held = self.memberships.filter(role__in=roles_allowing(verb))
        on_all = held.filter(gateway=None)
        return gateways.filter(Exists(on_all) | Q(pk__in=held.values("gateway")))


class Membership(models.Model):
    """A role that a person holds on one gateway, or on all when `gateway` is empty."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        help_text="Empty: all gateways.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "role", "gateway"],
                nulls_distinct=False,
                name="membership_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.role} on {self.gateway or 'all gateways'}"


class Scope(models.TextChoices):
    """What a program may do in its person's name: never more than asking."""

    READ = "gateway:read", "Read gateways, routes and changes"
    PROPOSE = "changes:propose", "Ask for changes"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def personal(self) -> "ApiTokenQuerySet":
        """Return those that a person made and gave to a program."""
        return self.filter(program=None)

    def connections(self) -> "ApiTokenQuerySet":
        """Return those that stand for a program which its person let in."""
        return self.exclude(program=None)

    def usable(self, now: datetime) -> "ApiTokenQuerySet":
        return self.filter(revoked_at=None).filter(
            Q(expires_at=None) | Q(expires_at__gt=now)
        )


class ApiToken(models.Model):
    """What a program acts by in its person's name. One of two kinds:

    A personal token has a secret, shown once and stored as a hash. A connection is
    what a person allowed a `program` (OAuth): it has no secret of its own, but access
    and refresh tokens that come and go (models/programs.py), and ends with them.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=80, help_text="Which program uses it.")
    program = models.ForeignKey(
        "accounts.Program",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="connections",
    )
    hint = models.CharField(
        max_length=12, blank=True, help_text="Its first characters."
    )
    hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(hash=None) ^ Q(program=None),
                name="token_has_a_secret_or_a_program",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.known_by})"

    @property
    def known_by(self) -> str:
        """What tells it from others of the same name, which anybody may choose."""
        return self.program.known_by if self.program else f"{self.hint}…"

    def audit_subject(self) -> Subject:
        return Subject("token", str(self.pk), str(self))

    @staticmethod
    def hash_of(secret: str) -> str:
        """Return what is stored of a token; it has 256 random bits, so no salt."""
        return hashlib.sha256(secret.encode()).hexdigest()

    @staticmethod
    def new_secret() -> str:
        return f"gatehouse_{secrets.token_urlsafe(32)}"

    def touch(self, now: datetime) -> None:
        """Note that it is used now: one write a minute, or every read would be one."""
        if self.last_used_at is None or now - self.last_used_at > LAST_USED_EVERY:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > now
        )
