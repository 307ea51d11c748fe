"""Recovery codes: each opens once, when the second factor is lost."""

import base64
import hashlib
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person, RecoveryCode
from portal.audit.events import Event
from portal.audit.ledger import record

COUNT = 10
BYTES = 10


def make_codes(person: Person) -> list[str]:
    """Give somebody new codes in place of all they had; record nothing.

    They are shown this once and kept as hashes.
    """
    forget_codes(person)
    codes = [_new_code() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(person=person, hash=_hash_of(code)) for code in codes
    )
    return codes


@transaction.atomic
def renew_codes(*, actor: Actor) -> list[str]:
    """Give the acting person new codes. Raises NotPresent, NotAllowed, ConfirmationNeeded."""
    person = actor.require_present_person()
    actor.require_fresh()
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if not person.factors.exists():
        raise NotAllowed(
            gettext("Recovery codes stand in for a second factor. Set one up.")
        )
    codes = make_codes(person)
    record(Event.RECOVERY_CODES_MADE, actor=actor, subject=person)
    return codes


@transaction.atomic
def use_code(text: str, *, actor: Actor) -> bool:
    """Use one up for the person of this actor, present or on the way in; recorded."""
    person = actor.person
    if person is None:
        return False
    unused = person.recovery_codes.filter(used_at=None)
    if not unused.filter(hash=_hash_of(text)).update(used_at=timezone.now()):
        return False
    record(
        Event.RECOVERY_CODE_USED, actor=actor, subject=person, left=codes_left(person)
    )
    return True


def codes_left(person: Person) -> int:
    return person.recovery_codes.filter(used_at=None).count()


def forget_codes(person: Person) -> None:
    person.recovery_codes.all().delete()


def _new_code() -> str:
    """Return 80 random bits as four groups: `k3q7-…`."""
    text = base64.b32encode(secrets.token_bytes(BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash_of(text: str) -> str:
    plain = "".join(one for one in text.lower() if one.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
