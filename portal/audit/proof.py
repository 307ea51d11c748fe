"""Whether one entry holds: its content gives its hash, and it follows the one before."""

from dataclasses import dataclass

from portal.audit.archived import archived
from portal.audit.models import AuditEvent


@dataclass(frozen=True)
class Proof:
    """`is_intact`: the content gives the hash. `follows`: it carries the one before."""

    is_intact: bool
    follows: bool

    @property
    def holds(self) -> bool:
        return self.is_intact and self.follows


def proof_of(event: AuditEvent) -> Proof:
    """Prove one entry. Two queries at most."""
    before = AuditEvent.objects.filter(number=event.number - 1).only("hash").first()
    expected = before.hash if before else archived().hash
    return Proof(
        is_intact=event.computed_hash() == event.hash,
        follows=event.previous_hash == expected,
    )
