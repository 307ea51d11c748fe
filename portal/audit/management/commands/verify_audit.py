from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.ledger import problems
from portal.audit.models import LedgerHead


class Command(BaseCommand):
    """Say whether the audit chain holds; exit non-zero and name each row when not."""

    help = "Verify the audit ledger: every hash, the order, the head and the triggers."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for problem in problems():
            found += 1
            where = "ledger" if problem.number is None else f"event {problem.number}"
            self.stdout.write(f"{where}: {problem.words}")
        if found:
            raise CommandError(f"The audit ledger does not hold: {found} problem(s).")
        head = LedgerHead.objects.get(pk=1)
        self.stdout.write(f"The chain holds: {head.number} events verified.")
        self.stdout.write(f"head: {head.hash}")
