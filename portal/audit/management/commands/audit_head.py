import json
from typing import Any

from django.core.management.base import BaseCommand

from portal.audit.heads import sign_head
from portal.audit.ledger import Itself


class Command(BaseCommand):
    """Print the head that was signed today; sign it if nobody has."""

    help = "Print today's signed head of the audit as JSON, to be kept elsewhere."

    def handle(self, *args: Any, **options: Any) -> None:
        signed = sign_head(actor=Itself("audit_head"))
        self.stdout.write(json.dumps(signed.told(), indent=2))
