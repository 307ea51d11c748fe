"""People, what their programs carry, the programs themselves, and wanted policy."""

from portal.accounts.models.factors import Factor, RecoveryCode
from portal.accounts.models.identities import Identity
from portal.accounts.models.link_request import LinkRequest
from portal.accounts.models.ownership import Ownership, OwnershipQuerySet
from portal.accounts.models.people import (
    ApiToken,
    Colours,
    Membership,
    MembershipQuerySet,
    Person,
    Scope,
)
from portal.accounts.models.policy import (
    PolicyChange,
    PolicyChangeQuerySet,
    PolicyLock,
    PolicyState,
)
from portal.accounts.models.programs import AccessToken, Grant, Program, RefreshToken
from portal.accounts.models.sessions import Session
from portal.accounts.models.vouching import TAKES_IN_HAND, Vouched, Vouching

__all__ = [
    "TAKES_IN_HAND",
    "AccessToken",
    "ApiToken",
    "Colours",
    "Factor",
    "Grant",
    "Identity",
    "LinkRequest",
    "Membership",
    "MembershipQuerySet",
    "Ownership",
    "OwnershipQuerySet",
    "Person",
    "PolicyChange",
    "PolicyChangeQuerySet",
    "PolicyLock",
    "PolicyState",
    "Program",
    "RecoveryCode",
    "RefreshToken",
    "Scope",
    "Session",
    "Vouched",
    "Vouching",
]
