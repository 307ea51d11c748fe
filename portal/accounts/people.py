"""Make and change people's accounts: what an administrator of all gateways does.

One transaction and one audit entry each, which names the fields that changed. Only a
superuser makes superusers; nobody sets another person's password.
"""

import secrets
from collections.abc import Iterable, Iterator

from django.core.mail import EmailMessage
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person, Vouched
from portal.accounts.passwords import send_reset_link
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


@transaction.atomic
def create_person(person: Person, *, actor: Actor) -> Person:
    """Make an account (an unsaved row) and send its owner a link to set a password.

    Raises NotPresent, NotAllowed.
    """
    administrator = actor.require_administrator()
    _only_superusers_make_superusers(administrator, person)
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
def change_person(person: Person, *, fields: Iterable[str], actor: Actor) -> Person:
    """Save these changed fields of an account. Raises NotPresent, NotAllowed."""
    administrator = actor.require_administrator()
    names = sorted(fields)
    if not names:
        return person
    before = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    _only_superusers_make_superusers(administrator, person, before)
    if before.is_service and not set(names) <= {"is_active"}:
        raise NotAllowed(
            "Nobody signs in as a service account: it is switched on and off, and that "
            "is all.",
            field=next(name for name in names if name != "is_active"),
        )
    if "email" in names and not administrator.is_superuser:
        # Who gets the link to set a password can become that person.
        raise NotAllowed(
            "Only a superuser changes where somebody's mail goes.", field="email"
        )
    person.save(update_fields=names)
    for how in _vouched(before, person):
        vouch(administrator, [person], how)
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


def _vouched(before: Person, after: Person) -> Iterator[Vouched]:
    """Yield what of a change lets somebody in, or lets them decide."""
    if after.is_active and not before.is_active:
        yield Vouched.LET_IN
    if after.is_superuser and not before.is_superuser:
        yield Vouched.ROLE
    if after.email != before.email:
        yield Vouched.EMAIL


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
