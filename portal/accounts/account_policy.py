"""What of somebody's account two administrators of all gateways decide on.

Whether it is a superuser, always. Of an account that holds something also whether it is
switched on and where its mail goes: whoever reads that can set its password, and vote.

Switching it off counts at once, since an account in the wrong hands cannot wait. So that
nobody makes themselves the only administrator that way, it counts as an administrator
until a second one has decided: it is shut meanwhile, and opens again when they refuse.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.errors import Malformed, PolicyMoved
from portal.accounts.holders import has_power
from portal.accounts.models import Person, PolicyChange, PolicyChangeQuerySet, Vouched
from portal.accounts.policy.kinds import Document, PolicyKind
from portal.accounts.vouchings import vouch_together
from portal.audit.events import Event
from portal.audit.ledger import Entry, Recordable

# With their types; whose name it is stands in the document too, for whoever reads it.
GUARDED = {"email": str, "is_active": bool, "is_superuser": bool}


def guarded_of(person: Person) -> set[str]:
    """Return what of this account, as it is stored, two people change."""
    if person.is_service:
        return set()
    return set(GUARDED) if has_power(person) else {"is_superuser"}


def policy_about(person: Person) -> PolicyChangeQuerySet:
    """Return the changes of policy that are about this account."""
    return PolicyChange.objects.filter(
        kind__in=(Account.name, "second_factors"), wanted__person=person.pk
    )


class Account(PolicyKind):
    """`{"person": 7, "name": "riley"}` and those of the guarded fields that differ."""

    name = "account"
    title = "Account"
    about = ("person",)

    def check(self, wanted: Document, scope: Gateway | None) -> Document:
        person = person_of(wanted)
        fields = {name: wanted[name] for name in GUARDED if name in wanted}
        for name, value in fields.items():
            if person.is_service or not isinstance(value, GUARDED[name]):
                raise Malformed(gettext("This account cannot have that."), field=name)
        if fields.get("email"):
            try:
                validate_email(fields["email"])
            except ValidationError as error:
                raise Malformed(" ".join(error.messages), field="email") from error
        if person.shut_at and fields.get("is_active"):
            raise PolicyMoved(
                gettext(
                    "%(person)s is shut out until it is decided on. Refuse that change of "
                    "policy, or withdraw it, and the account opens again."
                )
                % {"person": person}
            )
        return {"person": person.pk, "name": person.username, **fields}

    def in_force(self, wanted: Document, scope: Gateway | None) -> Document:
        person = person_of(wanted)
        now = {
            "email": person.email,
            "is_active": person.is_active or person.shut_at is not None,
            "is_superuser": person.is_superuser,
        }
        return {
            "person": person.pk,
            "name": person.username,
            **{name: now[name] for name in GUARDED if name in wanted},
        }

    def sentences(self, base: Document, wanted: Document) -> list[str]:
        return [
            _sentence(field, wanted["name"], base[field], wanted[field])
            for field in GUARDED
            if field in wanted
        ]

    def apply(self, change: PolicyChange, actor: Recordable) -> Sequence[Entry]:
        person = person_of(change.wanted, locked=True)
        before = person_of(change.wanted)
        names = [name for name in GUARDED if name in change.wanted]
        for name in names:
            setattr(person, name, change.wanted[name])
        if "is_active" in names:
            person.shut_at = None
        person.save(update_fields=[*names, "shut_at"])
        for how in vouched(before, person):
            vouch_together(change, [person], how)
        tell_the_old_address(before, person)
        return [changed(before, person, names)]

    def meanwhile(self, change: PolicyChange) -> Sequence[Entry]:
        if change.wanted.get("is_active") is not False:
            return ()
        person = person_of(change.wanted, locked=True)
        if person.shut_at:
            raise PolicyMoved(
                gettext("%(person)s is shut out already, until it is decided on.")
                % {"person": person}
            )
        return [_switched(person, on=False)]

    def dropped(self, change: PolicyChange) -> Sequence[Entry]:
        if change.wanted.get("is_active") is not False:
            return ()
        person = person_of(change.wanted, locked=True)
        return [_switched(person, on=True)] if person.shut_at else ()


def person_of(wanted: Document, *, locked: bool = False) -> Person:
    """Return the account as it is stored. Raises Malformed."""
    people = Person.objects.all()
    if locked:
        people = people.select_for_update(of=("self",), no_key=True)
    key = wanted.get("person")
    person = people.filter(pk=key).first() if isinstance(key, int) else None
    if person is None:
        raise Malformed(gettext("There is no such account."), field="person")
    return person


def changed(before: Person, after: Person, names: Iterable[str]) -> Entry:
    """Return what the ledger says of an account whose fields were changed."""
    details: dict[str, object] = {"fields": sorted(names)}
    # Who lets somebody in or makes them powerful is worth the exact value.
    for name in ("is_active", "is_staff", "is_superuser"):
        if name in names:
            details[name] = getattr(after, name)
    if "email" in names:
        details["email"] = {"from": before.email, "to": after.email}
    return Entry(Event.PERSON_CHANGED, details, after)


def vouched(before: Person, after: Person) -> Iterator[Vouched]:
    """Yield what of a change lets somebody in, or lets them decide."""
    if after.is_active and not before.is_active:
        yield Vouched.LET_IN
    if after.is_superuser and not before.is_superuser:
        yield Vouched.ROLE
    if after.email != before.email:
        yield Vouched.EMAIL


def tell_the_old_address(before: Person, after: Person) -> None:
    """Have it mailed, once that is committed, to whoever's mail went elsewhere."""
    if not before.email or before.email == after.email:
        return
    mail = EmailMessage(
        subject="The mail address of your Gatehouse account was changed",
        body=(
            f"The account {after.username} no longer uses this address. If that was not "
            "agreed with you, tell an administrator now.\n"
        ),
        to=[before.email],
    )
    transaction.on_commit(mail.send, robust=True)


def _switched(person: Person, *, on: bool) -> Entry:
    """Open an account, or shut it until a second administrator has decided."""
    person.is_active, person.shut_at = on, None if on else timezone.now()
    person.save(update_fields=["is_active", "shut_at"])
    details = {"fields": ["is_active"], "is_active": on, "until_decided": not on}
    return Entry(Event.PERSON_CHANGED, details, person)


def _sentence(field: str, name: str, was: object, will: object) -> str:
    match field:
        case "is_superuser" if will:
            return f"{name} becomes a superuser, who may do everything everywhere."
        case "is_superuser":
            return f"{name} is no superuser any more."
        case "is_active" if will:
            return f"{name} can sign in again, with all that the account holds."
        case "is_active":
            return (
                f"{name} can no longer sign in. That counts already while this waits; "
                "refused or withdrawn, the account opens again."
            )
    return (
        f"Mail to {name} goes to {will or 'nobody'} instead of {was or 'nobody'}: whoever "
        "reads it can set the account's password."
    )
