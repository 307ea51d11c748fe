"""Programs that people may let in (OAuth clients): made, found, removed, forgotten."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts import redirects
from portal.accounts.actor import Actor
from portal.accounts.models import (
    AccessToken,
    ApiToken,
    Grant,
    Program,
    RefreshToken,
)
from portal.audit.events import Event
from portal.audit.ledger import Recordable, record

NAME_LIMIT, CLIENT_ID_LIMIT = 80, 255
NO_NAME = "A program without a name"
# What nobody ever let in is forgotten after so long; used codes much earlier.
UNUSED = timedelta(days=7)
CODES_KEPT = timedelta(days=1)
BATCH = 500

Source = Program.RegistrationSource


def find_program(client_id: object) -> Program | None:
    """Return the program of this client id, unless it was removed."""
    if (
        not isinstance(client_id, str)
        or "\x00" in client_id
        or not 0 < len(client_id) <= CLIENT_ID_LIMIT
    ):
        return None
    return Program.objects.filter(client_id=client_id, removed_at=None).first()


@transaction.atomic
def register(
    *,
    name: str,
    redirect_uris: list[str],
    has_secret: bool,
    source: str,
    actor: Recordable,
    is_gpt_action: bool = False,
) -> tuple[Program, str]:
    """Make a program; return it and its secret ("" without one), shown only now.

    Raises BadRedirect.
    """
    secret = secrets.token_urlsafe(48) if has_secret else ""
    program = Program.objects.create(
        name=plain_name(name),
        redirect_uris=" ".join(redirects.check_all(redirect_uris)),
        client_type=Program.CLIENT_CONFIDENTIAL if secret else Program.CLIENT_PUBLIC,
        authorization_grant_type=Program.GRANT_AUTHORIZATION_CODE,
        client_secret=secret,
        registration_source=source,
        is_gpt_action=is_gpt_action,
    )
    _record(Event.PROGRAM_REGISTERED, program, actor)
    return program, secret


@transaction.atomic
def redirect_to(program: Program, uris: Iterable[str], *, actor: Actor) -> None:
    """Register other addresses for its answers. Raises BadRedirect."""
    program.redirect_uris = " ".join(redirects.check_all(list(uris)))
    program.save(update_fields=["redirect_uris", "updated"])
    _record(Event.PROGRAM_CHANGED, program, actor)


@transaction.atomic
def remove(program: Program, *, actor: Actor) -> None:
    """End a program and everybody's connection to it, for good. Idempotent.

    Raises NotPresent, NotAllowed.
    """
    actor.require_administrator()
    now = timezone.now()
    if not Program.objects.filter(pk=program.pk, removed_at=None).update(
        removed_at=now
    ):
        return
    connections = ApiToken.objects.filter(program=program)
    ended = connections.usable(now).update(revoked_at=now)
    drop_tokens(connections)
    record(Event.PROGRAM_REMOVED, actor=actor, subject=program, connections=ended)


def drop_tokens(connections: "QuerySet[ApiToken]") -> None:
    """Delete the codes and tokens of these connections."""
    for model in (Grant, AccessToken, RefreshToken):
        model.objects.filter(connection__in=connections).delete()


def forget(now: datetime) -> int:
    """Delete what no longer opens anything, and programs nobody let in; count these."""
    Grant.objects.filter(expires__lt=now - CODES_KEPT).delete()
    AccessToken.objects.filter(expires__lt=now).delete()
    # Used refresh tokens stay while their connection lives: they betray a thief.
    over = ApiToken.objects.filter(Q(revoked_at__lt=now) | Q(expires_at__lt=now))
    RefreshToken.objects.filter(connection__in=over).delete()
    unused = Program.objects.filter(
        registration_source__in=(Source.DCR, Source.CIMD),
        created__lt=now - UNUSED,
        connections=None,
    )
    return sum(_forget(pk) for pk in unused.values_list("pk", flat=True)[:BATCH])


@transaction.atomic
def _forget(pk: int) -> bool:
    # Whoever lets a program in takes the same lock first: it has no connection, or there
    # is no program any more.
    Program.objects.select_for_update(no_key=True).filter(pk=pk).first()
    unused = Program.objects.filter(pk=pk, connections=None).first()
    if unused is None:
        return False
    record(Event.PROGRAM_REMOVED, actor=Actor.system("forget-programs"), subject=unused)
    # Nothing refers to it: whoever is let in gets a connection.
    unused.delete()
    return True


def plain_name(name: str) -> str:
    """Return a name as one line of text within the limit."""
    printable = "".join(char if char.isprintable() else " " for char in name)
    return " ".join(printable.split())[:NAME_LIMIT].strip() or NO_NAME


def _record(event: Event, program: Program, actor: Recordable) -> None:
    record(
        event,
        actor=actor,
        subject=program,
        client_id=program.client_id,
        redirect_uris=program.redirect_uris.split(),
    )
