"""What can go wrong with one request to an Admin API, drawn as a tree.

    GatewayError
    ├── Unreachable        not sent: refused, unknown host, TLS, no key to send
    ├── KeyRefused         401, 403: the admin key or this machine is not let in
    ├── Invalid            400: the gateway's own words
    │   ├── StillReferenced    a guard names a referrer; the guards read lagging memory
    │   └── NotOffered         this gateway has no such kind or endpoint
    ├── NotFound           404 "Key not found": the gateway does not hold it
    ├── Busy               429, 502, 503, 504: may pass
    ├── UnknownOutcome     sent, and no whole answer came: it may have been applied
    │   └── TimedOut           the deadline passed: it may still be under way
    └── UnexpectedAnswer   no Admin API answers like this (HTML, a redirect, huge)

Two questions matter to a caller: may the gateway have acted on it (`sent`), and is it
worth trying again (`retryable`). No message ever holds the admin key, nor a secret of
the document that was sent.
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
    """The gateway does not accept the admin key, or not from this machine."""


@dataclass(frozen=True)
class ItemError:
    """What `configs/validate` says of one document: plural path, index from 0, words."""

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


class NotOffered(Invalid):
    """An older release, or switched off (stream routes without stream mode)."""


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


class TimedOut(UnknownOutcome):
    """The deadline passed before a whole answer came."""


class UnexpectedAnswer(GatewayError):
    """Something answered, but not as an Admin API does."""

    sent = True
