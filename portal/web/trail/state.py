"""Whether the ledger holds, as the audit's page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.audit.models import Archive, LedgerCheck, LedgerHead
from portal.audit.syslog.stream import Lag, lag

SHOWN_ARCHIVES = 12


@dataclass(frozen=True)
class AuditState:
    """How far the ledger was proved, of how many entries."""

    check: LedgerCheck
    head: LedgerHead
    archives: Sequence[Archive]
    stream: Lag | None

    @classmethod
    def now(cls) -> "AuditState":
        """Return it as last looked at. Three queries, one more with a stream."""
        return cls(
            check=LedgerCheck.objects.filter(pk=1).first() or LedgerCheck(),
            head=LedgerHead.objects.get(pk=1),
            archives=list(Archive.objects.all()[:SHOWN_ARCHIVES]),
            stream=lag(),
        )

    @property
    def proved(self) -> int:
        """How many of a hundred parts are proved, for the strip."""
        if not self.head.number:
            return 0
        return min(self.check.number, self.head.number) * 100 // self.head.number

    @property
    def broken_at(self) -> int | None:
        """In which of a hundred parts it is broken, where that is one entry's fault."""
        if not self.check.broken_number or not self.head.number:
            return None
        return min((self.check.broken_number - 1) * 100 // self.head.number, 99)

    @property
    def waits(self) -> int:
        """How many entries are not proved yet."""
        return max(self.head.number - self.check.number, 0)
