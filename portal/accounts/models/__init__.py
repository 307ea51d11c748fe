"""People, what their programs carry, and the programs themselves."""

from portal.accounts.models.people import ApiToken, Membership, Person, Scope
from portal.accounts.models.programs import AccessToken, Grant, Program, RefreshToken
from portal.accounts.models.sessions import Session

__all__ = [
    "AccessToken",
    "ApiToken",
    "Grant",
    "Membership",
    "Person",
    "Program",
    "RefreshToken",
    "Scope",
    "Session",
]
