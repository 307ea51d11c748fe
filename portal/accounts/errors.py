"""Who you are and what you may do.

GatehouseError
├── NotPresent    403  only a signed-in person may do this, never a program
├── NotProved     400  a code or a passkey that does not prove it
├── NotAllowed    403  no role that allows it
│   └── ScopeMissing   no scope that allows it
├── NotVisible    404  it may exist, but not for you
├── Ambiguous     400  several are possible: say which
├── Malformed     400  it makes no sense as asked
├── OwnProposal         403  a change of policy that one asked for oneself
├── SecondPersonNeeded  409  nobody else could accept it, and one is not enough
├── PolicySettled       409  somebody decided on it already
└── PolicyMoved         409  what it was made against counts no longer
"""

from portal.errors import GatehouseError


class NotPresent(GatehouseError):
    code = "person_required"
    status = 403


class ConfirmationNeeded(Exception):
    """Whoever sits there must prove once more who they are, and then may go on.

    No GatehouseError: a page must not take it for a refusal and show it as such; the
    doors for people answer it in one place. No program ever meets it.
    """


class NotProved(GatehouseError):
    code = "malformed"
    status = 400


class NotAllowed(GatehouseError):
    code = "not_allowed"
    status = 403


class ScopeMissing(NotAllowed):
    """`scope` is the one that is needed; "" when no token may do it."""

    def __init__(self, message: str, *, field: str = "", scope: str = "") -> None:
        super().__init__(message, field=field)
        self.scope = scope


class NotVisible(GatehouseError):
    code = "not_found"
    status = 404


class Malformed(GatehouseError):
    code = "malformed"
    status = 400


class Ambiguous(GatehouseError):
    code = "malformed"
    status = 400


class OwnProposal(GatehouseError):
    code = "self_review"
    status = 403


class SecondPersonNeeded(GatehouseError):
    code = "wrong_state"
    status = 409


class PolicySettled(GatehouseError):
    code = "wrong_state"
    status = 409


class PolicyMoved(GatehouseError):
    code = "wrong_state"
    status = 409
