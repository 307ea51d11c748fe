"""Make and change people's accounts: what an administrator of all gateways does.

One transaction and one audit entry each, which names the fields that changed. A new
account holds nothing, so one administrator makes it; what two change of one that is there,
account_policy.py says. Only a superuser makes superusers; nobody sets another person's
password.
"""

import secrets
from collections.abc import Iterable
from copy import copy

from django.db import transaction
from django.utils.translation import gettext

from portal.accounts.account_policy import (
    Account,
    changed,
    guarded_of,
    tell_the_old_address,
    vouched,
)
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person, PolicyChange, Vouched
from portal.accounts.passwords import send_reset_link
from portal.accounts.policy.deciding import lock_policy, propose_policy
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


@transaction.atomic
def create_person(person: Person, *, actor: Actor) -> Person:
    """Make an account (an unsaved row) and send its owner a link to set a password.

    Raises NotPresent, NotAllowed.
    """
    administrator = actor.require_administrator()
    if person.is_superuser:
        raise NotAllowed(
            gettext(
                "A new account holds nothing. Make it, then ask that it be a superuser."
            ),
            field="is_superuser",
        )
    # A random password, not an unusable one: Django's link works only where one is.
    person.set_password(secrets.token_urlsafe(40))
    person.save(force_insert=True)
    vouch(administrator, [person], Vouched.MADE)
    record(
        Entry(Event.PERSON_CREATED, {"email": person.email}),
        actor=actor,
        subject=person,
    )
    if person.email:
        send_reset_link(person, actor=actor)
    return person


@transaction.atomic
def change_person(
    person: Person, *, fields: Iterable[str], reason: str = "", actor: Actor
) -> PolicyChange | None:
    """Save these changed fields of an account; ask for those that two people change.

    Return their change of policy. The given object holds afterwards what is in force.
    Raises NotPresent, NotAllowed, and as `propose_policy`.
    """
    administrator = actor.require_administrator()
    names = sorted(fields)
    if not names:
        return None
    # Nobody gives the account something while it is judged by what it holds.
    lock_policy()
    now = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    _expect_allowed(administrator, now, person, names)
    guarded = guarded_of(now)
    policy = None
    if wanted := {name: getattr(person, name) for name in names if name in guarded}:
        policy = propose_policy(
            Account.name,
            {"person": person.pk, **wanted},
            scope=None,
            reason=reason,
            actor=actor,
        )
    if names := [name for name in names if name not in guarded]:
        now.refresh_from_db()
        before = copy(now)
        for name in names:
            setattr(now, name, getattr(person, name))
        now.save(update_fields=names)
        for how in vouched(before, now):
            vouch(administrator, [now], how)
        tell_the_old_address(before, now)
        record(changed(before, now, names), actor=actor, subject=now)
    person.refresh_from_db()
    return policy


def _expect_allowed(
    administrator: Person, before: Person, wanted: Person, names: Iterable[str]
) -> None:
    if not administrator.is_superuser and (
        before.is_superuser or wanted.is_superuser != before.is_superuser
    ):
        raise NotAllowed(
            gettext("Only a superuser changes a superuser or makes one."),
            field="is_superuser",
        )
    if before.is_service and not set(names) <= {"is_active"}:
        raise NotAllowed(
            gettext(
                "Nobody signs in as a service account: it is switched on and off, and that "
                "is all."
            ),
            field=next(name for name in names if name != "is_active"),
        )
    if "email" in names and not administrator.is_superuser:
        # Who gets the link to set a password can become that person.
        raise NotAllowed(
            gettext("Only a superuser changes where somebody's mail goes."),
            field="email",
        )
