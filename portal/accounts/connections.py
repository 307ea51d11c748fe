"""What a person allows a program: given once, used by codes and tokens, ended.

A connection is an `ApiToken` with a program. A code buys the first pair of tokens, each
refresh token the next; whichever of them comes a second time was stolen, from the
program or by it, so all that the connection has ends at once (RFC 9700, 2.1.1, 4.14.2).
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from oauth2_provider.models import set_token_value

from portal.accounts.actor import Actor, Channel
from portal.accounts.audience import reaches
from portal.accounts.errors import NotVisible
from portal.accounts.models import (
    AccessToken,
    ApiToken,
    Grant,
    Program,
    RefreshToken,
)
from portal.accounts.programs import drop_tokens
from portal.audit.events import Event
from portal.audit.ledger import record

# Long enough for a slow program; RFC 6749, 4.1.2 allows ten minutes at most.
CODE_LIFE = timedelta(minutes=1)
# So that whoever finds one, a scanner of sources too, knows what it is.
ACCESS_PREFIX, REFRESH_PREFIX = "gatehouse_access_", "gatehouse_refresh_"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a program asks a person for. `challenge` is PKCE's, by S256; "": none."""

    program: Program
    scopes: Sequence[str]
    audiences: Sequence[str]
    redirect_uri: str
    challenge: str


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new pair of tokens; what the access token may do, and where."""

    access: str
    refresh: str
    scopes: Sequence[str]
    audiences: Sequence[str]


def new_secret(prefix: str) -> str:
    return f"{prefix}{secrets.token_urlsafe(32)}"


@transaction.atomic
def connect(asked: Asked, *, code: str, actor: Actor) -> ApiToken:
    """Let a program in, in the acting person's name; it fetches its tokens by `code`.

    Raises NotPresent for programs, ConfirmationNeeded, NotVisible where the program was
    removed meanwhile.
    """
    person = actor.require_present_person()
    actor.require_fresh_for_all()
    now = timezone.now()
    # `forget_programs` takes the same lock before it looks for connections.
    program = (
        Program.objects.select_for_update(no_key=True)
        .filter(pk=asked.program.pk)
        .first()
    )
    if program is None:
        raise NotVisible(
            gettext("This program was removed meanwhile. Connect it again.")
        )
    connection = ApiToken.objects.create(
        person=person,
        program=program,
        name=program.name,
        scopes=sorted(asked.scopes),
        created_at=now,
        # The first pair of tokens makes it longer.
        expires_at=now + CODE_LIFE,
        hash=None,
    )
    Grant.objects.create(
        connection=connection,
        application=program,
        code=code,
        expires=now + CODE_LIFE,
        redirect_uri=asked.redirect_uri,
        scope=" ".join(connection.scopes),
        resource=list(asked.audiences),
        code_challenge=asked.challenge,
        code_challenge_method=Grant.CODE_CHALLENGE_S256 if asked.challenge else "",
    )
    record(
        Event.PROGRAM_CONNECTED,
        actor=actor,
        subject=connection,
        client_id=program.client_id,
        scopes=connection.scopes,
        audiences=list(asked.audiences),
        redirect_uri=asked.redirect_uri,
    )
    return connection


@transaction.atomic
def use_code(grant: Grant, issued: Issued) -> bool:
    """Store what the code buys; say whether this was its first use.

    False too where the connection was ended meanwhile.
    """
    if not _hold(grant.connection):
        return False
    unused = Grant.objects.filter(pk=grant.pk, used_at=None)
    if not unused.update(used_at=timezone.now()):
        return False
    _store(grant.connection, issued, audiences=grant.resource)
    return True


@transaction.atomic
def use_refresh(token: RefreshToken, issued: Issued) -> bool:
    """Store what the refresh token buys; say whether this was its first use.

    False too where the connection was ended meanwhile.
    """
    if not _hold(token.connection):
        return False
    unused = RefreshToken.objects.filter(pk=token.pk, revoked=None)
    if not unused.update(revoked=timezone.now()):
        return False
    _store(token.connection, issued, audiences=token.resource)
    return True


def _hold(connection: ApiToken) -> bool:
    """Lock a connection before its codes and tokens, as `end` does; say if it lives."""
    live = ApiToken.objects.filter(pk=connection.pk, revoked_at=None)
    return live.select_for_update(no_key=True).exists()


def _store(connection: ApiToken, issued: Issued, *, audiences: Sequence[str]) -> None:
    now = timezone.now()
    whose = {
        "connection": connection,
        "application": connection.program,
    }
    access = AccessToken(
        **whose,
        expires=now + timedelta(seconds=settings.OAUTH_ACCESS_LIFE),
        scope=" ".join(issued.scopes),
        resource=list(issued.audiences),
    )
    set_token_value(access, issued.access)
    access.save()
    refresh = RefreshToken(**whose, resource=list(audiences))
    set_token_value(refresh, issued.refresh)
    refresh.save()
    ApiToken.objects.filter(pk=connection.pk).update(
        expires_at=now + timedelta(days=settings.OAUTH_REFRESH_DAYS)
    )


def find_refresh(secret: str, program: Program) -> RefreshToken | None:
    """Return this program's refresh token, used or not, of a connection that lives."""
    token = (
        RefreshToken.objects.select_related("connection__person", "connection__program")
        .filter(token_checksum=_checksum(secret), application=program)
        .first()
    )
    return token if token and _lives(token.connection) else None


def find_access(secret: str, *, part: str) -> ApiToken | None:
    """Return the connection that an access token opens `part` for; note its use.

    Its scopes are the token's, which may be fewer than were allowed: it is not to be
    saved. None for a token that is unknown, over, or meant for elsewhere.
    """
    token = (
        AccessToken.objects.select_related("connection__person", "connection__program")
        .filter(token_checksum=_checksum(secret))
        .first()
    )
    if token is None or token.is_expired() or not _lives(token.connection):
        return None
    if not reaches(token.resource, part):
        return None
    connection = token.connection
    connection.touch(timezone.now())
    connection.scopes = token.scope.split()
    return connection


def _lives(connection: ApiToken) -> bool:
    program = connection.program
    return (
        connection.is_usable(timezone.now())
        and connection.person.is_active
        and program is not None
        and program.is_usable()
    )


def is_trusted(program: Program, *, actor: Actor) -> bool:
    """Say whether an administrator made this program, or the person lets it in now."""
    if program.registration_source == Program.RegistrationSource.MANUAL:
        return True
    allowed = ApiToken.objects.filter(program=program, person=actor.person)
    return any(_lives(one) for one in allowed.select_related("program", "person"))


def cut_off(connection: ApiToken, *, what: str, request_id: str = "") -> None:
    """End a connection whose code or refresh token came a second time."""
    end(
        connection,
        Event.PROGRAM_CUT_OFF,
        actor=program_of(connection, request_id),
        used_twice=what,
    )


def program_of(connection: ApiToken, request_id: str = "") -> Actor:
    """Return the program itself, acting in its person's name."""
    return Actor(
        person=connection.person,
        channel=Channel.API,
        client=str(connection),
        token=connection,
        request_id=request_id,
    )


@transaction.atomic
def end(connection: ApiToken, event: Event, *, actor: Actor, **details: Any) -> None:
    """End a connection with all its codes and tokens, and record why. Idempotent."""
    live = ApiToken.objects.filter(pk=connection.pk, revoked_at=None)
    if not live.update(revoked_at=timezone.now()):
        return
    drop_tokens(ApiToken.objects.filter(pk=connection.pk))
    record(
        event,
        actor=actor,
        subject=connection,
        owner=connection.person.username,
        **details,
    )


def revoke_by_program(secret: str, program: Program, *, request_id: str = "") -> None:
    """End what a program gives back (RFC 7009): an access token, or the connection."""
    AccessToken.objects.filter(
        token_checksum=_checksum(secret), application=program
    ).delete()
    if token := find_refresh(secret, program):
        end(
            token.connection,
            Event.PROGRAM_DISCONNECTED,
            actor=program_of(token.connection, request_id),
        )


def _checksum(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
