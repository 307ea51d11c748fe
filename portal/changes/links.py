"""What a change has to do with other changes and gateways."""

from dataclasses import dataclass
from typing import Any

from gateway.models import Gateway
from portal.changes.models import ChangeRequest


@dataclass(frozen=True, kw_only=True)
class Links:
    """What a change was made of.

    `reverts` is the change that it undoes; `promoted_from` the gateway that its
    documents come from, and `promotes` the change that brought them there.
    """

    reverts: ChangeRequest | None = None
    promoted_from: Gateway | None = None
    promotes: ChangeRequest | None = None

    def as_details(self) -> dict[str, Any]:
        """Return what an audit entry says of a promotion."""
        told: dict[str, Any] = {}
        if self.promoted_from:
            told["promoted_from"] = self.promoted_from.slug
        if self.promotes:
            told["promotes"] = self.promotes.pk
        return told


NO_LINKS = Links()
