import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.ledger import record


class Command(changepassword.Command):
    """Django's, recorded: whoever has the desk's machine can set anybody's password."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        told: str | None = super().handle(*args, **options)
        with transaction.atomic():
            record(
                Event.PERSON_CHANGED,
                actor=Actor.console("changepassword"),
                subject=Person.objects.get(
                    username=options["username"] or getpass.getuser()
                ),
                fields=["password"],
            )
        return told
