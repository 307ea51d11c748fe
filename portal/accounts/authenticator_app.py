"""Codes of an authenticator app (TOTP, RFC 6238): six digits, every thirty seconds."""

import base64
import hmac
import secrets
import time
from typing import Any

from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.utils.translation import gettext

from gateway.sealing import keyring, seal, unseal
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotProved
from portal.accounts.factors import added, lock_factors, note_use
from portal.accounts.models import Factor, Person

DIGITS, STEP = 6, 30
# Clocks differ: the code before and the code after count, too.
STEPS_ASIDE = 1
SECRET_BYTES = 20
OFFER_SECONDS = 3600
ISSUER = "Gatehouse"


def offer(person: Person) -> str:
    """Return a new secret for this person, sealed, to be given back with a code.

    Nothing is stored before a code proves that the app holds it.
    """
    secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return keyring().encrypt(f"{person.pk}:{secret}".encode()).decode()


def offered(sealed: str, person: Person) -> str:
    """Return the secret of an offer in base32. Raises NotProved for any other text."""
    try:
        text = keyring().decrypt(sealed.encode(), ttl=OFFER_SECONDS).decode()
    except (InvalidToken, ValueError):
        raise NotProved(
            gettext("This page is too old. Begin anew."), field="code"
        ) from None
    owner, _, secret = text.partition(":")
    if owner != str(person.pk):
        raise NotProved(
            gettext("This page is somebody else's. Begin anew."), field="code"
        )
    return secret


def address_for(secret: str, person: Person) -> str:
    """Return what an app reads from a picture: `otpauth://totp/…`."""
    return _codes_of(secret).get_provisioning_uri(person.username, ISSUER)


@transaction.atomic
def add_app(*, offer: str, code: str, actor: Actor) -> list[str]:
    """Let the acting person sign in with this app's codes from now on.

    Return the recovery codes that come with a first second factor. Raises NotPresent,
    ConfirmationNeeded, NotProved for a wrong code, NotAllowed if there is an app.
    """
    person = actor.require_present_person()
    actor.require_fresh()
    secret = offered(offer, person)
    lock_factors(person)
    if person.factors.filter(kind=Factor.Kind.APP).exists():
        raise NotAllowed(gettext("You have an authenticator app. Remove it first."))
    step = _step_of(secret, code)
    if step is None:
        raise NotProved(
            gettext(
                "That is not the code it shows now. Wait for the next one, and check the "
                "clock of your device."
            ),
            field="code",
        )
    factor = Factor(
        person=person,
        kind=Factor.Kind.APP,
        name="Authenticator app",
        sealed=seal(secret),
        counter=step,
    )
    return added(factor, actor=actor)


def is_code_of(person: Person, code: str) -> bool:
    """Say whether the person's app shows this code now, and never take it again."""
    factor = person.factors.filter(kind=Factor.Kind.APP).first()
    if factor is None:
        return False
    step = _step_of(unseal(factor.sealed), code)
    return step is not None and note_use(factor, step)


def _codes_of(secret: str) -> TOTP:
    # SHA-1, as every app expects; HMAC does not need it to resist collisions.
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303


def _step_of(secret: str, code: str) -> int | None:
    """Return the time step whose code this is, among those that count now."""
    typed = "".join(code.split()).encode("utf-8", "replace")
    codes, now = _codes_of(secret), int(time.time()) // STEP
    found: Any = None
    for step in range(now - STEPS_ASIDE, now + STEPS_ASIDE + 1):
        if hmac.compare_digest(codes.generate(step * STEP), typed):
            found = step
    return found
