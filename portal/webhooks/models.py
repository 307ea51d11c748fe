"""Who is told of what happens, and what became of telling them."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway import sealing
from gateway.models import Gateway
from portal.accounts.models import Person
from portal.audit.ledger import Subject


class Form(models.TextChoices):
    """In which form a message goes out."""

    STANDARD = "standard", _("Signed JSON (Standard Webhooks)")
    SLACK = "slack", _("Slack, and what takes the same")
    MAIL = "mail", _("E-mail")


class MessageState(models.TextChoices):
    """What became of a message."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Taken")
    GIVEN_UP = "given_up", _("Given up")


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def listening(self) -> "WebhookQuerySet":
        return self.filter(removed_at=None, paused_at=None)


class Webhook(models.Model):
    """A receiver of events. Its address may hold a secret, so it is sealed.

    `seen` is the number of the last entry of the ledger that was looked at for it.
    """

    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhooks",
        help_text=_("Empty: all gateways."),
    )
    name = models.CharField(max_length=80)
    form = models.CharField(max_length=10, choices=Form.choices)
    events = models.JSONField(default=list)
    shown_address = models.CharField(max_length=300)
    address_sealed = models.BinaryField(editable=False)
    secret_sealed = models.BinaryField(null=True, editable=False)
    seen = models.PositiveBigIntegerField(default=0)
    maker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(form__in=Form.values), name="webhook_form_known"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("web:webhook", args=[self.pk])

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug if self.gateway else ""
        return Subject("webhook", str(self.pk), self.name, slug)

    @property
    def reach(self) -> str:
        return f"gateway {self.gateway.slug}" if self.gateway else "all gateways"

    @property
    def address(self) -> str:
        """Unseal where messages go: a URL, for mail an address."""
        address: str = sealing.unseal(self.address_sealed)
        return address

    @property
    def secret(self) -> bytes:
        """Unseal the key that messages are signed with."""
        secret: str = sealing.unseal(self.secret_sealed) if self.secret_sealed else ""
        return bytes.fromhex(secret)


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> "MessageQuerySet":
        """Keep what may be sent now and is in nobody's hands."""
        return self.filter(
            Q(leased_until=None) | Q(leased_until__lt=now),
            state=MessageState.WAITING,
            next_at__lte=now,
            webhook__removed_at=None,
            webhook__paused_at=None,
        )

    def in_hand(self, now: datetime) -> "MessageQuerySet":
        return self.filter(state=MessageState.WAITING, leased_until__gte=now)


class Message(models.Model):
    """What a webhook is told once: the same words and the same key at every try.

    `key` is what a receiver knows it by when it comes twice.
    """

    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, related_name="messages"
    )
    key = models.CharField(max_length=40, unique=True)
    event_number = models.PositiveBigIntegerField(
        null=True, help_text=_("Of the ledger's entry; none for a test.")
    )
    type = models.CharField(max_length=40)
    content = models.JSONField()
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.WAITING
    )
    tries = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook message")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["webhook", "event_number"], name="webhook_message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=MessageState.values),
                name="webhook_message_state_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"],
                name="webhook_message_due",
                condition=Q(state=MessageState.WAITING),
            ),
            models.Index(fields=["webhook", "-id"], name="webhook_message_log"),
            models.Index(fields=["made_at"], name="webhook_message_age"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.type}"

    @property
    def words(self) -> str:
        """What it says, in one sentence; may hold what others wrote."""
        subject = self.content.get("subject") or {}
        return f"{self.content.get('words', '')} {subject.get('label', '')}".strip()


class Try(models.Model):
    """One try to hand a message over; `status` is the HTTP status, where there was one."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="past_tries"
    )
    at = models.DateTimeField()
    status = models.PositiveIntegerField(null=True)
    words = models.CharField(max_length=300)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name_plural = _("tries")

    def __str__(self) -> str:
        return self.words
