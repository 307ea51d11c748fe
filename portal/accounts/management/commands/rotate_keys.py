from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from gateway.rotation import rotate
from gateway.sealing import Unsealable
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Subject, record


class Installation:
    def audit_subject(self) -> Subject:
        return Subject("installation", "1", "Gatehouse")


class Command(BaseCommand):
    """Re-encrypt every secret under the first key; afterwards the others may go."""

    help = "Re-encrypt all stored secrets under the first key of FIELD_ENCRYPTION_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate()
        except Unsealable as error:
            raise CommandError(str(error)) from error
        with transaction.atomic():
            record(
                Event.KEYS_ROTATED,
                actor=Actor.system("rotate_keys"),
                subject=Installation(),
                values=done,
            )
        self.stdout.write(f"{done} values are now encrypted under the first key.")
