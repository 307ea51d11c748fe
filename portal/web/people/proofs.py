"""What somebody sends to prove who they are: a password, a code, a passkey's answer.

Asked for at the second step of signing in, and when it is asked again.
"""

import math
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import ngettext

from portal.accounts import passkeys
from portal.accounts.actor import Actor
from portal.accounts.authenticator_app import is_code_of
from portal.accounts.factors import has_factor
from portal.accounts.models import Person
from portal.accounts.recovery_codes import use_code
from portal.rate_limits import Window
from portal.web.people.ways import Way

PASSWORD, CODE, PASSKEY = "proof_password", "proof_code", "proof_passkey"  # noqa: S105
# Of codes of six digits three hold at a time: so many tries within five minutes, and
# so many within a day, find one in a thousand years.
WITHIN, AT_ONCE = 300, 5
A_DAY, IN_A_DAY = 86_400, 50
_ASKED = "passkey_asked"
ASKED_FOR = 300


class ProofTries:
    """How often somebody's proof may be tried, from wherever."""

    def __init__(self, person: Person) -> None:
        who = ("proof", str(person.pk))
        self._windows = (
            Window(*who, limit=AT_ONCE, seconds=WITHIN),
            Window(*who, limit=IN_A_DAY, seconds=A_DAY),
        )
        self.seconds = 0

    def allow(self) -> bool:
        """Count one more, before it is tried: many at once are not one."""
        for window in self._windows:
            if not window.allows():
                self.seconds = math.ceil(window.wait())
                return False
        return True

    def forget(self) -> None:
        """Let somebody who proved it start anew."""
        for window in self._windows:
            window.forget()

    @property
    def words(self) -> str:
        minutes = math.ceil(self.seconds / 60)
        return ngettext(
            "Too many tries. Wait %(minutes)s minute.",
            "Too many tries. Wait %(minutes)s minutes.",
            minutes,
        ) % {"minutes": minutes}


def proved_by(request: HttpRequest, person: Person, *, actor: Actor) -> Way | None:
    """Return by what this request proves that `person` sent it; None: by nothing.

    A password alone proves it only of somebody who has no second factor. What is used
    up by it (a code, a recovery code, what a passkey was asked) is used up.
    """
    if answer := request.POST.get(PASSKEY, ""):
        found = passkeys.owner_of(answer, state=taken_state(request))
        return Way.SECOND_PASSKEY if found == person else None
    if code := request.POST.get(CODE, "").strip()[:100]:
        if is_code_of(person, code):
            return Way.CODE
        return Way.RECOVERY_CODE if use_code(code, actor=actor) else None
    password = request.POST.get(PASSWORD, "")
    if password and not has_factor(person) and person.check_password(password):
        return Way.PASSWORD
    return None


def keep_state(request: HttpRequest, state: dict[str, Any]) -> None:
    """Keep what a browser was asked until its answer comes."""
    request.session[_ASKED] = state | {"at": timezone.now().isoformat()}


def taken_state(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was kept, once; None when that is too long ago."""
    state = request.session.pop(_ASKED, None)
    at = parse_datetime(state.pop("at")) if state else None
    if at is None or (timezone.now() - at).total_seconds() > ASKED_FOR:
        return None
    return dict(state)
