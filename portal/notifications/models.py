"""What somebody is told of by name, and how they want to be told."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models import Person


class Topic(models.TextChoices):
    """What one may be told of."""

    REVIEW_REQUESTED = "review_requested", _("A change waits for your review")
    DECIDED = "decided", _("Somebody decides on a change of yours")
    COMMENTED = "commented", _("Somebody comments where you asked or spoke")
    MENTIONED = "mentioned", _("Somebody mentions you, as in @alice")
    APPLIED = "applied", _("A change of yours goes live")
    STOPPED = "stopped", _("A change fails, or the gateway overtook it")
    ALONE = "alone", _("Somebody delivers alone, in an emergency")
    DRIFT = "drift", _("A gateway is changed outside of Gatehouse")
    POLICY = (
        "policy",
        _("A change of policy waits for you or is made alone, or yours is decided on"),
    )
    TAKEN = "taken", _("A role or group that you hold is taken from you")
    AUDIT = "audit", _("The audit is found broken, or whole again")
    TOKEN = "token", _("A token of yours ends soon")  # noqa: S105


class Way(models.TextChoices):
    """How one is told. Whatever is mailed stands in the inbox too."""

    NOW = "now", _("Inbox and e-mail at once")
    HOURLY = "hourly", _("Inbox and e-mail, hourly")
    DAILY = "daily", _("Inbox and e-mail, daily")
    INBOX = "inbox", _("Inbox only")
    NONE = "none", _("Not at all")


class Wish(models.Model):
    """How one person wants to be told of one topic; without it the topic's own way."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="wishes")
    topic = models.CharField(max_length=20, choices=Topic.choices)
    way = models.CharField(max_length=10, choices=Way.choices)

    class Meta:
        verbose_name_plural = _("wishes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "topic"], name="wish_once"),
            models.CheckConstraint(
                condition=Q(way__in=Way.values), name="wish_way_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.topic} {self.way}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown_to(self, person: Person) -> "NotificationQuerySet":
        """Keep this person's, of gateways that they may still see."""
        return self.filter(person=person).filter(
            Q(gateway=None) | Q(gateway__in=person.gateways())
        )

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)


class Notification(models.Model):
    """Something that one person is told once: `key` says what of.

    `words` are ours; `label` names what it is about and may hold what others wrote.
    `mail_due_at` is when it goes by e-mail, None where it does not or did.
    """

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="notifications"
    )
    key = models.CharField(max_length=60)
    topic = models.CharField(max_length=20, choices=Topic.choices)
    gateway = models.ForeignKey(
        Gateway, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    words = models.CharField(max_length=300)
    label = models.CharField(max_length=300, blank=True)
    path = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], name="notification_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-id"], name="notification_inbox"),
            models.Index(
                fields=["person"],
                name="notification_unread",
                condition=Q(read_at=None),
            ),
            models.Index(
                fields=["mail_due_at"],
                name="notification_mail_due",
                condition=Q(mail_due_at__isnull=False),
            ),
            models.Index(fields=["at"], name="notification_age"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.words} {self.label}".strip()

    def get_absolute_url(self) -> str:
        return reverse("web:notification", args=[self.pk])


class Progress(models.Model):
    """How far the ledger was read for everybody's notifications. One row."""

    seen = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = _("progress")

    def __str__(self) -> str:
        return f"seen {self.seen}"
