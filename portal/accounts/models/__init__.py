"""People, what their programs carry, and the programs themselves."""

from portal.accounts.models.people import ApiToken, Membership, Person, Scope
from portal.accounts.models.programs import AccessToken, Grant, Program, RefreshToken

__all__ = [
    "AccessToken",
    "ApiToken",
    "Grant",
    "Membership",
    "Person",
    "Program",
    "RefreshToken",
    "Scope",
]
