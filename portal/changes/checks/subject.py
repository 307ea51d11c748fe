"""What a check may say, described where it is said."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Check = Callable[[Plan, Live, Schemas], Iterable[Finding]]


@dataclass(frozen=True)
class Code:
    """One thing that is looked for: `words` say it in one line, for everybody."""

    code: str
    severity: Severity
    words: str

    def finding(
        self,
        item: int,
        words: str,
        mend: str,
        *,
        path: str = "",
        severity: Severity | None = None,
        example: Mapping[str, str] | None = None,
    ) -> Finding:
        """Return the finding for one item, as heavy as usual unless it says otherwise."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            item=item,
            path=path,
            words=words,
            mend=mend,
            example=example,
        )


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The checks of one file, and every code that they may give.

    `matters` says why one looks for it, in one line, for everybody.
    """

    title: str
    matters: str
    checks: tuple[Check, ...]
    codes: tuple[Code, ...]
