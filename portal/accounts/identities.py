"""Whose account a proved identity opens; what it may bring: an account, groups.

The subject decides, not a name and not an address: those are given to others one day.
An address opens an account that is here already only if the provider says that it has
proved it and the setting trusts it with that.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.groups import keep_in_groups
from portal.accounts.models import Identity, Person
from portal.audit.events import Event
from portal.audit.ledger import Entry, record

NOT_IN_NAMES = re.compile(r"[^\w.@+-]+")
NAME_LIMIT, ADDRESS_LIMIT, SUBJECT_LIMIT = 100, 254, 255
# Each is overtaken by somebody who then has what they wanted.
TRIES = 5
T = TypeVar("T")


def person_of(claims: dict[str, Any]) -> Person:
    """Return whose account these proved claims open; join and leave mapped groups.

    Raises NotAllowed when they open none, or one that is switched off.
    """
    return _unless_overtaken(lambda: _person_of(claims))


def _unless_overtaken(act: Callable[[], T]) -> T:
    """Do it in one transaction; anew where somebody took the name or identity meanwhile.

    Of two who come in at once by one new identity, the second finds what the first made.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return act()
        except IntegrityError:
            continue
    raise NotAllowed(gettext("Too many came in at this moment. Begin anew."))


def _person_of(claims: dict[str, Any]) -> Person:
    actor = Actor.system("single sign-on")
    issuer, subject = _who(claims)
    known = Identity.objects.filter(issuer=issuer, subject=subject)
    identity = known.select_related("person").first()
    if identity is not None:
        known.update(last_used_at=timezone.now())
        person = identity.person
    else:
        person = _by_address(claims) or _new_person(claims, actor=actor)
        _link(person, issuer, subject, actor=actor)
    if not person.is_active:
        raise NotAllowed(gettext("This account is switched off. Ask an administrator."))
    if settings.OIDC_GROUPS_CLAIM:
        _keep_groups(person, claims.get(settings.OIDC_GROUPS_CLAIM), actor=actor)
    return person


def is_identity_of(person: Person, claims: dict[str, Any]) -> bool:
    """Say whether these proved claims open this account already."""
    issuer, subject = _who(claims)
    return person.identities.filter(issuer=issuer, subject=subject).exists()


def link_identity(claims: dict[str, Any], *, actor: Actor) -> None:
    """Let the acting person come in by this identity from now on.

    Raises NotPresent, ConfirmationNeeded, NotAllowed for somebody else's.
    """
    _unless_overtaken(lambda: _link_identity(claims, actor))


def _link_identity(claims: dict[str, Any], actor: Actor) -> None:
    person = actor.require_present_person()
    actor.require_fresh()
    issuer, subject = _who(claims)
    owner = Identity.objects.filter(issuer=issuer, subject=subject).first()
    if owner is not None and owner.person_id == person.pk:
        return
    if owner is not None:
        raise NotAllowed(gettext("It opens somebody else's account here."))
    _link(person, issuer, subject, actor=actor)


@transaction.atomic
def unlink_identity(identity_id: int, *, actor: Actor) -> None:
    """Let the acting person no longer come in by this identity.

    Raises NotPresent, ConfirmationNeeded, NotVisible, NotAllowed when nothing else
    would let them in.
    """
    person = actor.require_present_person()
    actor.require_fresh()
    identity = person.identities.filter(pk=identity_id).first()
    if identity is None:
        raise NotVisible(gettext("You have no such sign-in."))
    if not person.has_usable_password():
        raise NotAllowed(
            gettext("You have no password, so nothing else would let you in.")
        )
    identity.delete()
    record(
        Entry(Event.IDENTITY_UNLINKED, {"issuer": identity.issuer}),
        actor=actor,
        subject=person,
    )


def _who(claims: dict[str, Any]) -> tuple[str, str]:
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    if not subject or len(subject) > SUBJECT_LIMIT or "\x00" in subject:
        raise NotAllowed(gettext("The provider gave no identity that can be kept."))
    return issuer, subject


def _link(person: Person, issuer: str, subject: str, *, actor: Actor) -> None:
    if person.identities.filter(issuer=issuer).exists():
        raise NotAllowed(
            gettext(
                "This account is opened by another identity of the provider. Sign in by that, "
                "or ask an administrator."
            )
        )
    Identity.objects.create(issuer=issuer, subject=subject, person=person)
    if person.email:
        mail = EmailMessage(
            subject=f"{settings.OIDC_NAME} now opens your Gatehouse account",
            body=(
                f"The account {person.username} can be signed in to by "
                f"{settings.OIDC_NAME}. If you did not do that, tell an administrator "
                "now.\n"
            ),
            to=[person.email],
        )
        transaction.on_commit(mail.send, robust=True)
    record(
        Entry(Event.IDENTITY_LINKED, {"issuer": issuer, "identity": subject}),
        actor=actor,
        subject=person,
    )


def _by_address(claims: dict[str, Any]) -> Person | None:
    """Return whose account a proved address names, where the setting lets it open one.

    Never a superuser's: who can give out addresses would be one.
    """
    address = _address(claims)
    if not settings.OIDC_LINK_BY_EMAIL or not address:
        return None
    people = list(Person.objects.filter(email__iexact=address)[:2])
    if len(people) != 1:
        return None
    if people[0].is_superuser:
        raise NotAllowed(
            gettext(
                "An address alone opens no superuser's account. Sign in with your password "
                "and link it under Security."
            )
        )
    return people[0]


def _new_person(claims: dict[str, Any], *, actor: Actor) -> Person:
    if not settings.OIDC_CREATE_ACCOUNTS:
        raise NotAllowed(
            gettext(
                "%(oidc_name)s knows you, but you have no account here. Ask an "
                "administrator for one; if you have one, sign in with your password and "
                "link it under Security."
            )
            % {"oidc_name": settings.OIDC_NAME}
        )
    person = Person(
        username=_free_name(claims),
        # One that is not proved would bring others' mail here.
        email=_address(claims),
        first_name=_text(claims, "given_name")[:150],
        last_name=_text(claims, "family_name")[:150],
    )
    # Nothing to be guessed, and no link by mail that sets one.
    person.set_unusable_password()
    person.save(force_insert=True)
    record(
        Entry(Event.PERSON_CREATED, {"email": person.email}),
        actor=actor,
        subject=person,
    )
    return person


def _free_name(claims: dict[str, Any]) -> str:
    """Return a name that nobody has: never that of an account which is here already."""
    wanted = _text(claims, "preferred_username") or _address(claims).partition("@")[0]
    name = NOT_IN_NAMES.sub("-", wanted).strip("-")[:NAME_LIMIT] or "person"
    taken = {
        one.lower()
        for one in Person.objects.filter(username__istartswith=name).values_list(
            "username", flat=True
        )
    }
    free = (f"{name}{number}" for number in range(2, len(taken) + 3))
    return (
        name
        if name.lower() not in taken
        else next(one for one in free if one.lower() not in taken)
    )


def _address(claims: dict[str, Any]) -> str:
    """Return the address that the provider says it has proved, else ""."""
    address = _text(claims, "email")
    is_proved = claims.get("email_verified") is True
    return address if is_proved and len(address) <= ADDRESS_LIMIT else ""


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _keep_groups(person: Person, told: Any, *, actor: Actor) -> None:
    """Have them in those mapped groups that the provider names, and in no other."""
    names = {str(one) for one in told} if isinstance(told, list | tuple) else set()
    if isinstance(told, str):
        names = {told}
    mapping: dict[str, str] = settings.OIDC_GROUPS
    wanted = {ours for theirs, ours in mapping.items() if theirs in names}
    mapped = Group.objects.filter(name__in=set(mapping.values()))
    keep_in_groups(
        person,
        wanted=[group for group in mapped if group.name in wanted],
        among=list(mapped),
        actor=actor,
    )
