"""Who calls, as handlers are told: everything that they know of the web request."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.accounts.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`count` counts one more request of theirs, and raises TooMany.

    `conversation` is the client's own id of it, "" where none was sent.
    """

    actor: Actor
    count: Callable[[], None]
    conversation: str = ""
