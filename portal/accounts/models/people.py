"""People, the roles they hold, and the tokens their programs carry."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.roles import SERVICE, SUPERUSER, Role, Verb, roles_allowing
from portal.audit.ledger import Subject

LAST_USED_EVERY = timedelta(minutes=1)


class Colours(models.TextChoices):
    """In which colours somebody wants their pages."""

    SYSTEM = "", _("As my system has it")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Person(AbstractUser):
    """Somebody with an account. Never deleted once they did something: deactivated.

    One with a `team` is a service account: only programs act as it, by tokens that
    people of the team make, and it never does more than ask.
    """

    team = models.ForeignKey(
        Group,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="service_accounts",
        help_text=_("Of a service account: whose it is."),
    )

    shut_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_(
            "When one administrator shut it out; until a second one decides on "
            "that, it counts as an administrator still, if it is one."
        ),
    )

    time_zone = models.CharField(max_length=64, blank=True, help_text=_("Empty: UTC."))
    colours = models.CharField(max_length=10, choices=Colours.choices, blank=True)
    more_contrast = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(team=None) | Q(is_superuser=False, is_staff=False),
                name="service_account_is_no_staff",
            ),
            models.CheckConstraint(
                condition=Q(shut_at=None) | Q(is_active=False),
                name="shut_account_is_not_active",
            ),
        ]

    @property
    def is_service(self) -> bool:
        """Whether it is a service account, which nobody signs in as."""
        return self.team_id is not None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone they chose; UTC where they did not, or this machine has lost it."""
        try:
            return ZoneInfo(self.time_zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def audit_subject(self) -> Subject:
        return Subject("person", str(self.pk), self.username)

    def held(self) -> "MembershipQuerySet":
        """Return the roles this person holds, by themselves or by a group. Lazy."""
        return Membership.objects.held_by(self)

    def _has(self, verb: Verb) -> bool:
        """Say whether the account could do this at all, by some role."""
        return self.is_active and (not self.is_service or verb in SERVICE)

    def may(self, verb: Verb, gateway: Gateway) -> bool:
        """Say whether this person may do `verb` on `gateway`. One query.

        On a retired gateway everybody only reads.
        """
        if not self._has(verb):
            return False
        if gateway.retired_at and verb not in (Verb.READ, Verb.EXPORT):
            return False
        if self.is_superuser and verb in SUPERUSER:
            return True
        return self.held().allowing(verb).on(gateway).exists()

    def verbs_on(self, gateway: Gateway) -> frozenset[Verb]:
        """Return all that this person `may` do on `gateway`. One query."""
        roles = set(self.held().on(gateway).values_list("role", flat=True))
        return frozenset(
            verb
            for verb in Verb
            if self._has(verb)
            and (not gateway.retired_at or verb in (Verb.READ, Verb.EXPORT))
            and (
                roles.intersection(roles_allowing(verb))
                or (self.is_superuser and verb in SUPERUSER)
            )
        )

    def may_anywhere(self, verb: Verb) -> bool:
        """Say whether this person may do `verb` on any gateway. One query."""
        if not self._has(verb):
            return False
        if self.is_superuser and verb in SUPERUSER:
            return True
        return self.held().allowing(verb).exists()

    def may_everywhere(self, verb: Verb) -> bool:
        """Say whether this person may do `verb` on every gateway. One query."""
        if not self._has(verb):
            return False
        if self.is_superuser and verb in SUPERUSER:
            return True
        return self.held().allowing(verb).filter(gateway=None).exists()

    def gateways(self, verb: Verb = Verb.READ) -> "models.QuerySet[Gateway]":
        """Return the gateways in service where this person may do `verb`. Lazy."""
        gateways = Gateway.objects.in_service()
        if not self._has(verb):
            return gateways.none()
        if self.is_superuser and verb in SUPERUSER:
            return gateways
        held = self.held().allowing(verb)
        on_all = held.filter(gateway=None)
        return gateways.filter(Exists(on_all) | Q(pk__in=held.values("gateway")))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def held_by(self, person: Person) -> "MembershipQuerySet":
        """Keep what was given to this person or to a group that they are in."""
        groups = Group.objects.filter(user=person)
        return self.filter(Q(person=person) | Q(group__in=groups))

    def allowing(self, verb: Verb) -> "MembershipQuerySet":
        return self.filter(role__in=roles_allowing(verb))

    def holders(self) -> "models.QuerySet[Person]":
        """Return the people who hold any of these, by themselves or by a group."""
        return Person.objects.filter(team=None).filter(
            Q(memberships__in=self) | Q(groups__memberships__in=self)
        )

    def on(self, gateway: Gateway) -> "MembershipQuerySet":
        """Keep what reaches this gateway."""
        return self.filter(Q(gateway=None) | Q(gateway=gateway))


class Membership(models.Model):
    """A role held on one gateway, or on all when `gateway` is empty.

    By a person, or by everybody who is in a group at that time.
    """

    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
        help_text=_("Empty: all gateways."),
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "group", "role", "gateway"],
                nulls_distinct=False,
                name="membership_once",
            ),
            models.CheckConstraint(
                condition=Q(person=None) ^ Q(group=None),
                name="membership_of_person_or_group",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.role} on {self.reach}"

    def same(self) -> MembershipQuerySet:
        """Return what is stored of this role of this holder: one row, or none."""
        return Membership.objects.filter(
            person=self.person,
            group=self.group,
            role=self.role,
            gateway=self.gateway,
        )

    @property
    def holder(self) -> str:
        """Return who holds it: a person's name, or "group shop"."""
        return f"group {self.group.name}" if self.group else str(self.person)

    @property
    def reach(self) -> str:
        return self.gateway.slug if self.gateway else "all gateways"


class Scope(models.TextChoices):
    """What a program may do in its person's name: never more than asking."""

    READ = "gateway:read", _("Read gateways, routes and changes")
    PROPOSE = "changes:propose", _("Ask for changes")


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
    name = models.CharField(max_length=80, help_text=_("Which program uses it."))
    made_by = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Of a service account's: who made it."),
    )
    program = models.ForeignKey(
        "accounts.Program",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="connections",
    )
    hint = models.CharField(
        max_length=12, blank=True, help_text=_("Its first characters.")
    )
    hash = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
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
