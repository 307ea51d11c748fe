"""Manage people, their roles and gateways: what an administrator does.

One transaction and one audit entry each, which names the fields that changed and
never a secret. Only somebody who administers all gateways manages people; only a
superuser makes superusers.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Verb, roles_allowing
from portal.accounts.sign_in import Stranger
from portal.audit.events import Event
from portal.audit.ledger import Entry, Subject, record


def administers_all(person: Person) -> bool:
    """Say whether this person administers every gateway. At most one query."""
    return person.is_active and (
        person.is_superuser
        or person.memberships.filter(
            gateway=None, role__in=roles_allowing(Verb.ADMINISTER)
        ).exists()
    )


def _require_administrator(actor: Actor) -> Person:
    person = actor.require_present_person()
    if not administers_all(person):
        raise NotAllowed(
            "Only an administrator of all gateways can do this. Ask one of them."
        )
    return person


# --- Gateways


@transaction.atomic
def create_gateway(gateway: Gateway, *, admin_key: str, actor: Actor) -> Gateway:
    """Add a gateway (an unsaved row) with its admin key.

    Raises NotPresent for programs, NotAllowed for all but administrators.
    """
    _require_administrator(actor)
    if admin_key:
        gateway.set_admin_key(admin_key)
    gateway.save(force_insert=True)
    record(
        Entry(
            Event.GATEWAY_CREATED,
            {"admin_url": gateway.admin_url, "has_admin_key": bool(admin_key)},
        ),
        actor=actor,
        subject=OneGateway(gateway),
    )
    return gateway


@transaction.atomic
def change_gateway(
    gateway: Gateway, *, fields: Iterable[str], admin_key: str = "", actor: Actor
) -> Gateway:
    """Save these changed fields of a gateway, and its admin key when one is given.

    A changed address clears a key that is not given anew. Raises NotPresent,
    NotAllowed or NotVisible by role.
    """
    actor.require_present_person()
    actor.require(Verb.ADMINISTER, Gateway.objects.get(pk=gateway.pk))
    names = sorted(set(fields) - {"admin_key"})
    before = Gateway.objects.select_for_update().get(pk=gateway.pk)
    had_key = bool(gateway.sealed_admin_key)
    if admin_key:
        gateway.set_admin_key(admin_key)
    # The key too: saving clears one that was given for another address.
    gateway.save(update_fields=[*names, "sealed_admin_key"])
    if had_key and not gateway.sealed_admin_key:
        names.append("admin_key (cleared: it was for another address)")
    elif admin_key:
        names.append("admin_key")
    if names:
        record(
            Entry(
                Event.GATEWAY_CHANGED,
                {"fields": names, **_before_and_after(before, gateway, names)},
            ),
            actor=actor,
            subject=OneGateway(gateway),
        )
    return gateway


# Whoever lowers a rule for an hour shall find the figures in the ledger.
TOLD_WITH_VALUES = (
    "admin_url",
    "approvals_required",
    "environment",
    "public_url",
    "verify_tls",
)


def _before_and_after(
    before: Gateway, after: Gateway, names: list[str]
) -> dict[str, dict[str, object]]:
    return {
        name: {"from": getattr(before, name), "to": getattr(after, name)}
        for name in TOLD_WITH_VALUES
        if name in names
    }


@transaction.atomic
def retire_gateway(gateway: Gateway, *, actor: Actor) -> Gateway:
    """Take a gateway out of service; its history stays. Idempotent."""
    actor.require_present_person()
    actor.require(Verb.ADMINISTER, gateway)
    locked = Gateway.objects.select_for_update().get(pk=gateway.pk)
    if locked.retired_at is None:
        locked.retired_at = timezone.now()
        locked.save(update_fields=["retired_at"])
        record(Event.GATEWAY_RETIRED, actor=actor, subject=OneGateway(locked))
    return locked


@dataclass(frozen=True)
class OneGateway:
    """A gateway as what an audit entry is about; `gateway` itself knows no ledger."""

    gateway: Gateway

    def audit_subject(self) -> Subject:
        slug = self.gateway.slug
        return Subject("gateway", slug, self.gateway.title, slug)


# --- People and roles


@transaction.atomic
def create_person(person: Person, *, actor: Actor) -> Person:
    """Make an account (an unsaved row) and send its owner a link to set a password.

    Raises NotPresent, NotAllowed.
    """
    administrator = _require_administrator(actor)
    _only_superusers_make_superusers(administrator, person)
    # A random password, not an unusable one: Django's link works only where one is.
    person.set_password(secrets.token_urlsafe(40))
    person.save(force_insert=True)
    record(
        Entry(Event.PERSON_CREATED, {"email": person.email}),
        actor=actor,
        subject=person,
    )
    if person.email:
        send_reset_link(person, actor=actor)
    return person


@transaction.atomic
def change_person(person: Person, *, fields: Iterable[str], actor: Actor) -> Person:
    """Save these changed fields of an account. Raises NotPresent, NotAllowed."""
    administrator = _require_administrator(actor)
    names = sorted(fields)
    if not names:
        return person
    before = Person.objects.select_for_update().get(pk=person.pk)
    _only_superusers_make_superusers(administrator, person, before)
    if "email" in names and not administrator.is_superuser:
        # Who gets the link to set a password can become that person.
        raise NotAllowed(
            "Only a superuser changes where somebody's mail goes.", field="email"
        )
    person.save(update_fields=names)
    if "email" in names and before.email:
        _tell_the_old_address(before.email, person)
    record(
        Entry(
            Event.PERSON_CHANGED,
            {
                "fields": names,
                # Who lets somebody in or makes them powerful is worth the exact value.
                **{
                    name: getattr(person, name)
                    for name in ("is_active", "is_staff", "is_superuser")
                    if name in names
                },
                **(
                    {"email": {"from": before.email, "to": person.email}}
                    if "email" in names
                    else {}
                ),
            },
        ),
        actor=actor,
        subject=person,
    )
    return person


def _tell_the_old_address(address: str, person: Person) -> None:
    mail = EmailMessage(
        subject="The mail address of your Gatehouse account was changed",
        body=(
            f"The account {person.username} no longer uses this address. If that was not "
            "agreed with you, tell an administrator now.\n"
        ),
        to=[address],
    )
    transaction.on_commit(mail.send, robust=True)


def _only_superusers_make_superusers(
    administrator: Person, person: Person, before: Person | None = None
) -> None:
    was = before.is_superuser if before else False
    if administrator.is_superuser:
        return
    if person.is_superuser != was or was:
        raise NotAllowed(
            "Only a superuser changes a superuser or makes one.", field="is_superuser"
        )


@transaction.atomic
def grant(membership: Membership, *, actor: Actor) -> Membership:
    """Give a role (an unsaved row). Raises NotPresent, NotAllowed."""
    _require_administrator(actor)
    membership.save(force_insert=True)
    record(
        Entry(Event.MEMBERSHIP_GRANTED, _role_words(membership)),
        actor=actor,
        subject=membership.person,
    )
    return membership


@transaction.atomic
def revoke(membership: Membership, *, actor: Actor) -> None:
    """Take a role away. Raises NotPresent, NotAllowed."""
    _require_administrator(actor)
    words, person = _role_words(membership), membership.person
    membership.delete()
    record(Entry(Event.MEMBERSHIP_REVOKED, words), actor=actor, subject=person)


def _role_words(membership: Membership) -> dict[str, str]:
    where = membership.gateway.slug if membership.gateway else "all gateways"
    return {"role": membership.role, "on": where}


# --- Passwords: nobody sets another person's


@transaction.atomic
def send_reset_link(person: Person, *, actor: Actor | Stranger) -> None:
    """Mail somebody a link to set their own password, and record it.

    An Actor must be an administrator; a Stranger asks for their own address. The
    link's host is PUBLIC_URL, never the request's.
    """
    if isinstance(actor, Actor):
        _require_administrator(actor)
    path = reverse(
        "web:password_reset_confirm",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(person.pk)),
            "token": default_token_generator.make_token(person),
        },
    )
    mail = EmailMessage(
        subject="Set your Gatehouse password",
        body=(
            f"Hello {person.get_short_name() or person.username},\n\n"
            f"set the password of your account {person.username} here:\n\n"
            f"{settings.PUBLIC_URL}{path}\n\n"
            "The link works once and for three days. If you did not expect it, ignore "
            "it: nothing changes.\n"
        ),
        to=[person.email],
    )
    # robust: a mail server that is down must not undo the account.
    transaction.on_commit(mail.send, robust=True)
    record(Event.PERSON_RESET_SENT, actor=actor, subject=person)


@transaction.atomic
def password_set(person: Person, *, actor: Actor) -> None:
    """Record that somebody set their own password."""
    record(
        Entry(Event.PERSON_CHANGED, {"fields": ["password"]}),
        actor=actor,
        subject=person,
    )
