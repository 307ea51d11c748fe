"""What a check says of an item."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """A blocker stops submission; a warning is shown and recorded with the approval."""

    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`item` is the index of the item; `path` a dotted field of its document, or "".

    `example` is a request that proves it, in the fields of the form that tries one:
    `method`, `url`, `headers` in lines, `remote_addr`.
    """

    code: str
    severity: Severity
    item: int
    words: str
    mend: str
    path: str = ""
    example: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        if self.example is None:
            del told["example"]
        return told


def blockers(findings: list[Finding]) -> list[Finding]:
    """Return the findings that stop submission."""
    return [finding for finding in findings if finding.severity is Severity.BLOCKER]
