"""What can go wrong with one request to an Admin API, drawn as a tree.

    GatewayError
    ├── Unreachable        not sent: refused, unknown host, no key to send
    ├── KeyRefused         401, 403: the admin key does not fit
    ├── Invalid            400: the gateway's own words
    │   └── StillReferenced    a guard names a referrer; the guards read lagging memory
    ├── NotFound           404
    ├── Busy               502, 503, 504, 429: may pass
    ├── UnknownOutcome     no whole answer to what was sent: it may have been applied
    └── UnexpectedAnswer   no Admin API answers like this (HTML, a redirect, huge)

Two questions matter to a caller: may the gateway have acted on it (`sent`), and is it
worth trying again (`retryable`). No message ever holds the admin key.
"""

from dataclasses import dataclass


class GatewayError(Exception):
    """One request failed. `status` is the HTTP status where there was an answer."""

    sent = False
    retryable = False

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def detail(self) -> str:
        return str(self)


class Unreachable(GatewayError):
    """The request never left: it is safe to send it again."""

    retryable = True


class KeyRefused(GatewayError):
    """The gateway does not accept the admin key."""


@dataclass(frozen=True)
class ItemError:
    """What `configs/validate` says of one document: plural path, index, words."""

    resource_type: str
    index: int
    words: str


class Invalid(GatewayError):
    """The gateway refused the document, in its own words."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        errors: tuple[ItemError, ...] = (),
    ) -> None:
        super().__init__(message, status=status)
        self.errors = errors


class StillReferenced(Invalid):
    """A reference guard refused; it may only lag behind the store."""


class NotFound(GatewayError):
    """The gateway does not hold it."""


class Busy(GatewayError):
    """The gateway, or a proxy before it, could not do it now; it may have acted."""

    sent = True
    retryable = True


class UnknownOutcome(GatewayError):
    """The request was sent and no whole answer came: read back before anything else."""

    sent = True
    retryable = True


class UnexpectedAnswer(GatewayError):
    """Something answered, but not as an Admin API does."""

    sent = True
