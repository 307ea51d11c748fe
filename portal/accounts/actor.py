"""Who acts: handed to every operation, never guessed from a thread or a request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.errors import (
    ConfirmationNeeded,
    NotAllowed,
    NotPresent,
    NotVisible,
    ScopeMissing,
)
from portal.accounts.models import ApiToken, Person, Scope
from portal.accounts.roles import Verb


class Channel(models.TextChoices):
    """By which door somebody acts."""

    PORTAL = "portal", _("Portal")
    API = "api", _("API")
    MCP = "mcp", _("MCP")
    ADMIN_API = "admin-api", _("Admin API")
    IMPORT = "import", _("Import")
    PROMOTION = "promotion", _("Promotion")
    ROLLBACK = "rollback", _("Rollback")
    DRIFT = "drift", _("Drift")
    SYSTEM = "system", _("Gatehouse itself")


# What a person does to a gateway, rather than read of it or ask for it.
DECIDING = frozenset({Verb.DECIDE, Verb.OPERATE, Verb.ADMINISTER, Verb.BREAK_GLASS})
# Whoever changes what guards an account has proved lately who they are.
FRESH = timedelta(minutes=15)
VERB_SCOPES: dict[Verb, Scope] = {Verb.READ: Scope.READ, Verb.ASK: Scope.PROPOSE}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person at a door. `session` is set only by `presence.py` (web and admin).

    `confirmed_at` is when they last proved who they are: by signing in, or again.
    `door` is by which a program came, where `channel` tells what it asked for there.
    """

    person: Person | None
    channel: str
    door: str = ""
    client: str = ""
    token: ApiToken | None = None
    session: str = ""
    signed_in_at: datetime | None = None
    confirmed_at: datetime | None = None
    request_id: str = ""

    @classmethod
    def system(cls, name: str) -> "Actor":
        """Return Gatehouse itself, for what a worker or a command does."""
        return cls(person=None, channel=Channel.SYSTEM, client=name)

    @classmethod
    def console(cls, command: str) -> "Actor":
        """Return whoever has the desk's machine and gives it this command."""
        return cls.system(f"console: {command}")

    def by_way_of(self, channel: Channel) -> "Actor":
        """Return the same, asking for what has a channel of its own, such as a rollback."""
        return replace(self, channel=channel, door=self.door or self.channel)

    @property
    def channels(self) -> list[str]:
        """Return by what something came: of a program, by its door as well."""
        return [self.channel, *([self.door] if self.token and self.door else [])]

    @property
    def label(self) -> str:
        # With a space, which no person's name can have.
        return self.person.get_username() if self.person else "Gatehouse itself"

    @property
    def person_id(self) -> int | None:
        return self.person.pk if self.person else None

    @property
    def token_id(self) -> int | None:
        return self.token.pk if self.token else None

    @property
    def is_present_person(self) -> bool:
        """Whether a person sits at the other end: a session, and no token."""
        return (
            self.person is not None
            and self.person.is_active
            and not self.person.is_service
            and self.token is None
            and bool(self.session)
            and self.signed_in_at is not None
            and self.channel == Channel.PORTAL
        )

    def require_present_person(self) -> Person:
        """Return the person. Raises NotPresent for programs and for Gatehouse itself."""
        if not self.is_present_person or self.person is None:
            raise NotPresent(
                gettext(
                    "Only a person signed in to the portal can do this; a program or a token "
                    "cannot. Open the change in the portal."
                )
            )
        return self.person

    def require_fresh(self, within: timedelta = FRESH) -> None:
        """Raise ConfirmationNeeded unless they proved lately who they are."""
        if not self._is_fresh(within):
            raise ConfirmationNeeded(
                gettext(
                    "Confirm that it is you: it was asked longer ago than this needs."
                )
            )

    def _is_fresh(self, within: timedelta) -> bool:
        at = self.confirmed_at or self.signed_in_at
        return at is not None and timezone.now() - at <= within

    def must_confirm(self, verb: Verb, gateway: Gateway) -> bool:
        """Say whether this asks them to prove first who they are."""
        within = _fresh_for(verb, gateway)
        return within is not None and not self._is_fresh(within)

    def require_administrator(self, gateway: Gateway | None = None) -> Person:
        """Return the present person who administers this gateway; None: every gateway.

        Raises NotPresent, NotAllowed, NotVisible for a gateway one may not see, and
        ConfirmationNeeded as `require` does: what reaches all reaches production.
        """
        person = self.require_present_person()
        if gateway is not None:
            return self.require(Verb.ADMINISTER, gateway)
        if not person.may_everywhere(Verb.ADMINISTER):
            raise NotAllowed(
                gettext(
                    "Only an administrator of all gateways can do this. Ask one of them."
                )
            )
        self.require_fresh_for_all()
        return person

    def require_fresh_for_all(self) -> None:
        """Raise ConfirmationNeeded, as for production, for what reaches all gateways."""
        minutes = settings.REAUTHENTICATE_FOR_PRODUCTION
        if minutes and any(one.is_production for one in Gateway.objects.in_service()):
            self.require_fresh(timedelta(minutes=minutes))

    def administers(self, gateway: Gateway | None) -> bool:
        """Say whether this present person administers the gateway; None: every one."""
        if not self.is_present_person or self.person is None:
            return False
        if gateway is not None:
            return self.person.may(Verb.ADMINISTER, gateway)
        return self.person.may_everywhere(Verb.ADMINISTER)

    def may(self, verb: Verb, gateway: Gateway) -> bool:
        """Say whether role and, for a token, scope allow `verb` on `gateway`."""
        if self.person is None or not self.person.may(verb, gateway):
            return False
        return self.token is None or VERB_SCOPES.get(verb) in self.token.scopes

    def require(self, verb: Verb, gateway: Gateway) -> Person:
        """Return the person if they may do this.

        Raises NotVisible if they may not even read the gateway, NotAllowed if the
        role or the token's scope does not reach, ConfirmationNeeded for what decides on
        a production gateway when the person proved long ago who they are.
        """
        if self.person is None:
            raise NotAllowed(gettext("Gatehouse itself asks for nothing."))
        if not self.person.may(Verb.READ, gateway):
            raise NotVisible(
                gettext("There is no gateway %(gateway)s that you may see.")
                % {"gateway": gateway.slug}
            )
        self.require_scope(verb)
        if not self.person.may(verb, gateway):
            if gateway.out_of_service:
                raise NotAllowed(gateway.out_of_service)
            raise NotAllowed(
                gettext(
                    "You may not %(verb)s on gateway %(gateway)s. Ask an administrator for a "
                    "role that allows it."
                )
                % {"verb": verb, "gateway": gateway.slug}
            )
        if within := _fresh_for(verb, gateway):
            self.require_fresh(within)
        return self.person

    def require_scope(self, verb: Verb) -> None:
        """Raise ScopeMissing if a token is used whose scopes do not reach `verb`."""
        scope = VERB_SCOPES.get(verb)
        if self.token is None or scope in self.token.scopes:
            return
        if scope is None:
            raise ScopeMissing(
                gettext("No token can do this. Sign in to the portal."), scope=""
            )
        mend = (
            "Connect the program again, with this scope"
            if self.token.program_id
            else "Make one that has it at /tokens/"
        )
        raise ScopeMissing(
            gettext("This token lacks the scope %(scope)s. %(mend)s.")
            % {"scope": scope, "mend": mend},
            scope=scope,
        )


def _fresh_for(verb: Verb, gateway: Gateway) -> timedelta | None:
    """Return how lately somebody must have proved who they are to do this; None: ever."""
    minutes = settings.REAUTHENTICATE_FOR_PRODUCTION
    asks = minutes and verb in DECIDING and gateway.is_production
    return timedelta(minutes=minutes) if asks else None
