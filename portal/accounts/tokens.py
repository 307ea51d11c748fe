"""Make and revoke personal API tokens; find whom any program's token stands for."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.connections import ACCESS_PREFIX, end, find_access
from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.models import ApiToken, Person, Scope
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import record


@transaction.atomic
def create_token(
    *,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    days: int | None,
    account: Person | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for the acting person; return it and its secret, shown only now.

    `account` is the service account it is for instead. `days` is its life; None never
    expires. Raises NotPresent for programs, NotAllowed for a scope that does not exist
    and for who is not of the account's team, and ConfirmationNeeded.
    """
    person = actor.require_present_person()
    actor.require_fresh_for_all()
    if account is not None:
        require_looking_after(person, account)
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown or not wanted:
        raise NotAllowed(
            gettext("Choose among the scopes %(values)s.")
            % {"values": ", ".join(Scope.values)},
            field="scopes",
        )
    owner = account or person
    token, secret = issue(
        owner,
        name=name,
        scopes=wanted,
        days=days,
        made_by=None if account is None else person,
    )
    record(
        Event.TOKEN_CREATED,
        actor=actor,
        subject=token,
        owner=owner.username,
        scopes=wanted,
        days=days,
    )
    return token, secret


def looks_after(person: Person, account: Person) -> bool:
    """Say whether this person makes and ends the tokens of a service account."""
    if account.team_id is None or not person.is_active or person.is_service:
        return False
    return person.groups.filter(pk=account.team_id).exists() or person.may_everywhere(
        Verb.ADMINISTER
    )


def require_looking_after(person: Person, account: Person) -> None:
    """Raise NotAllowed for who makes no tokens of this service account."""
    if not looks_after(person, account):
        raise NotAllowed(
            gettext(
                "Only people of its team, and administrators of all gateways, make tokens "
                "of a service account."
            )
        )


def issue(
    person: Person,
    *,
    name: str,
    scopes: list[str],
    days: int | None,
    secret: str = "",
    made_by: Person | None = None,
) -> tuple[ApiToken, str]:
    """Store a token's hash and return the token with its secret; records nothing."""
    secret = secret or ApiToken.new_secret()
    now = timezone.now()
    token = ApiToken.objects.create(
        person=person,
        made_by=made_by,
        name=name,
        hint=secret[:12],
        hash=ApiToken.hash_of(secret),
        scopes=scopes,
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    return token, secret


@transaction.atomic
def revoke_token(token_id: int, *, actor: Actor) -> ApiToken:
    """End a token or connection of the acting person, or of a service account of their
    team (a superuser: of anybody).

    Idempotent. Raises NotPresent, NotVisible.
    """
    person = actor.require_present_person()
    token = (
        ApiToken.objects.select_related("person", "program").filter(pk=token_id).first()
    )
    if token is None or not (
        token.person_id == person.pk
        or person.is_superuser
        or looks_after(person, token.person)
    ):
        raise NotVisible(gettext("There is no such token of yours."))
    event = Event.PROGRAM_DISCONNECTED if token.program_id else Event.TOKEN_REVOKED
    end(token, event, actor=actor)
    return token


def find_token(secret: str, *, part: str = "/api") -> ApiToken | None:
    """Return the usable token or connection behind this secret, and note its use.

    `part` is where it is used; an access token may be meant for elsewhere, and then
    finds nothing (audience.py).
    """
    if secret.startswith(ACCESS_PREFIX):
        return find_access(secret, part=part)
    token = (
        ApiToken.objects.select_related("person")
        .filter(hash=ApiToken.hash_of(secret))
        .first()
    )
    now = timezone.now()
    if token is None or not token.is_usable(now) or not token.person.is_active:
        return None
    token.touch(now)
    return token
