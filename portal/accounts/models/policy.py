"""Changes of policy: who may do what, and by which rules. Two people make each."""

from typing import ClassVar

from django.db import models
from django.db.models import Exists, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models.people import Person
from portal.accounts.roles import Verb, roles_allowing
from portal.audit.ledger import Subject


class PolicyState(models.TextChoices):
    """What became of a change of policy; all but open is final."""

    OPEN = "open", _("Waits for a second administrator")
    ACCEPTED = "accepted", _("In force")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class PolicyChangeQuerySet(models.QuerySet["PolicyChange"]):
    def open(self) -> "PolicyChangeQuerySet":
        return self.filter(state=PolicyState.OPEN)

    def reached_by(self, person: Person, *verbs: Verb) -> "PolicyChangeQuerySet":
        """Keep those of gateways, or of all, on which the person may do one of these."""
        if not person.is_active:
            return self.none()
        if person.is_superuser:
            return self
        roles = {role for verb in verbs for role in roles_allowing(verb)}
        held = person.held().filter(role__in=roles)
        return self.filter(
            Exists(held.filter(gateway=None)) | Q(gateway__in=held.values("gateway"))
        )

    def visible_to(self, person: Person) -> "PolicyChangeQuerySet":
        """Keep one's own, and those whose scope one administers or audits."""
        reached = self.reached_by(person, Verb.ADMINISTER, Verb.EXPORT)
        return self.filter(Q(pk__in=reached.values("pk")) | Q(author=person))

    def waiting_for(self, person: Person) -> "PolicyChangeQuerySet":
        """Keep the open ones that this person may decide on."""
        return self.open().reached_by(person, Verb.ADMINISTER).exclude(author=person)

    def with_people(self) -> "PolicyChangeQuerySet":
        """Add what a list shows of each, so that a row costs no query."""
        return self.select_related("gateway", "author", "decided_by")


class PolicyChange(models.Model):
    """What an administrator wants to be in force instead of `base`.

    `kind` names what knows how to describe and apply it (policy/kinds.py). Neither
    document ever holds a secret.
    """

    kind = models.CharField(max_length=40)
    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="policy_changes",
        help_text=_("Empty: it reaches all gateways."),
    )
    base = models.JSONField()
    wanted = models.JSONField()
    reason = models.TextField()
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="policy_changes"
    )
    state = models.CharField(
        max_length=10, choices=PolicyState.choices, default=PolicyState.OPEN
    )
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text=_("Why it was refused."))
    alone = models.CharField(
        max_length=200, blank=True, help_text=_("Why one person was enough.")
    )

    # Of what was asked for again while it waits; not stored.
    was_asked_already = False

    objects = PolicyChangeQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=PolicyState.values), name="policy_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=PolicyState.OPEN) ^ Q(decided_by__isnull=False),
                name="policy_decided_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-id"], name="policy_by_state")
        ]

    def __str__(self) -> str:
        return f"policy change {self.pk}: {self.kind.replace('_', ' ')} on {self.scope}"

    def get_absolute_url(self) -> str:
        return reverse("web:policy_change", args=[self.pk])

    @property
    def scope(self) -> str:
        return self.gateway.slug if self.gateway else "all gateways"

    @property
    def outcome(self) -> str:
        """Say to whoever asked for it what became of it at once."""
        if self.was_asked_already:
            return (
                f"{self.author} asked for the same on {self.created_at:%Y-%m-%d at %H:%M} "
                "UTC, and it waits for another administrator: nothing was added."
            )
        if self.alone:
            return f"It is in force. Alone: {self.alone}."
        return "It waits for another administrator to accept it."

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug if self.gateway else ""
        return Subject("policy_change", str(self.pk), str(self), slug)

    def settle(
        self, state: PolicyState, by: Person, *, note: str = "", alone: str = ""
    ) -> None:
        """Bring it to its end. The caller holds the policy lock and found it open."""
        self.state, self.decided_by, self.decided_at = state, by, timezone.now()
        self.note, self.alone = note, alone
        self.save(update_fields=["state", "decided_by", "decided_at", "note", "alone"])


class PolicyLock(models.Model):
    """One row, locked by whoever changes policy: one at a time sees who else there is."""

    def __str__(self) -> str:
        return "policy lock"
