"""Passkeys (WebAuthn): add one, and prove with one that one is there.

What a browser is asked holds a challenge; the caller keeps `state` in the session and
hands it back with the answer, once. https://www.w3.org/TR/webauthn-3/
"""

import json
import struct
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.sealing import seal, unseal
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotProved
from portal.accounts.factors import added, lock_factors, note_use
from portal.accounts.models import Factor, Person

# What the library lets slip of an answer that is none.
_NO_ANSWER = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    AssertionError,
    struct.error,
    UnsupportedAlgorithm,
)
NAME_LIMIT = 80
AT_MOST = 20


def ask_to_add(*, actor: Actor) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a browser makes a passkey by, and the state to be kept.

    Raises NotPresent, ConfirmationNeeded.
    """
    person = actor.require_present_person()
    actor.require_fresh()
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(
            # Tells nobody who it is, as the standard wants.
            id=salted_hmac("gatehouse.passkey", str(person.pk)).digest(),
            name=person.username,
            display_name=person.get_full_name() or person.username,
        ),
        credentials=[_data_of(one) for one in _passkeys(person)],
        # It is found without a name, and asks its owner for a finger or a PIN: so it
        # is two factors by itself.
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options), dict(state)


@transaction.atomic
def add_passkey(
    answer: str, *, name: str, state: dict[str, Any] | None, actor: Actor
) -> list[str]:
    """Let the acting person sign in with this passkey from now on.

    Return the recovery codes that come with a first second factor. Raises NotPresent,
    ConfirmationNeeded, NotProved, NotAllowed for one more than anybody needs.
    """
    person = actor.require_present_person()
    actor.require_fresh()
    try:
        made = _server().register_complete(_asked(state), json.loads(answer))
    except _NO_ANSWER:
        raise NotProved(
            gettext("The passkey could not be read, so it was not added. Try again.")
        ) from None
    data = made.credential_data
    if data is None:
        raise NotProved(gettext("No passkey was made. Try again."))
    lock_factors(person)
    if _passkeys(person).count() >= AT_MOST:
        raise NotAllowed(
            gettext("You have %(limit)s passkeys. Remove one first.")
            % {"limit": AT_MOST}
        )
    credential = websafe_encode(data.credential_id)
    if Factor.objects.filter(credential=credential).exists():
        raise NotAllowed(gettext("This passkey is known already."))
    factor = Factor(
        person=person,
        kind=Factor.Kind.PASSKEY,
        name=name.replace("\x00", "").strip()[:NAME_LIMIT] or "Passkey",
        sealed=seal(b64encode(data).decode()),
        credential=credential,
        counter=made.counter,
    )
    return added(factor, actor=actor)


def ask_for(person: Person | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a browser asks a passkey by, and the state to be kept.

    Of this person; None: of whoever has one for this desk.
    """
    known = [_data_of(one) for one in _passkeys(person)] if person else None
    options, state = _server().authenticate_begin(
        credentials=known, user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options), dict(state)


def owner_of(answer: str, *, state: dict[str, Any] | None) -> Person | None:
    """Return whose passkey gave this answer to what was asked, and note its use."""
    try:
        given = AuthenticationResponse.from_dict(json.loads(answer))
        credential = websafe_encode(given.raw_id)
        factor = (
            Factor.objects.filter(kind=Factor.Kind.PASSKEY, credential=credential)
            .select_related("person")
            .first()
        )
        if factor is None:
            return None
        _server().authenticate_complete(_asked(state), [_data_of(factor)], given)
    except _NO_ANSWER:
        return None
    # Most count nothing and say 0; one that counts and goes back was copied.
    counted = given.response.authenticator_data.counter
    if not note_use(factor, counted or factor.counter + 1):
        return None
    return factor.person if factor.person.is_active else None


def _asked(state: dict[str, Any] | None) -> dict[str, Any]:
    if not state:
        raise ValueError("Nothing was asked.")
    return state


def _passkeys(person: Person) -> Any:
    return person.factors.filter(kind=Factor.Kind.PASSKEY)


def _data_of(factor: Factor) -> AttestedCredentialData:
    return AttestedCredentialData(b64decode(unseal(factor.sealed)))


def _server() -> Fido2Server:
    """Return what judges answers: for PUBLIC_URL's host, whatever a request says."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name="Gatehouse"),
        verify_origin=_is_ours,
    )


def _is_ours(origin: str) -> bool:
    """Say whether a page of ours asked; on this machine, at any port."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return (
        urlsplit(settings.PUBLIC_URL).hostname == "localhost"
        and urlsplit(origin).hostname == "localhost"
    )
