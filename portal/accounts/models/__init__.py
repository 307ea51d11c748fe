"""People, what their programs carry, the programs themselves, and wanted policy."""

from portal.accounts.models.people import ApiToken, Membership, Person, Scope
from portal.accounts.models.policy import (
    PolicyChange,
    PolicyChangeQuerySet,
    PolicyLock,
    PolicyState,
)
from portal.accounts.models.programs import AccessToken, Grant, Program, RefreshToken
from portal.accounts.models.sessions import Session

__all__ = [
    "AccessToken",
    "ApiToken",
    "Grant",
    "Membership",
    "Person",
    "PolicyChange",
    "PolicyChangeQuerySet",
    "PolicyLock",
    "PolicyState",
    "Program",
    "RefreshToken",
    "Scope",
    "Session",
]
