from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.ledger import record


class Command(createsuperuser.Command):
    """Django's, recorded: whoever has the desk's machine makes its first administrator."""

    def handle(self, *args: Any, **options: Any) -> None:
        known = set(Person.objects.values_list("pk", flat=True))
        super().handle(*args, **options)
        with transaction.atomic():
            for made in Person.objects.filter(is_superuser=True).exclude(pk__in=known):
                record(
                    Event.PERSON_CREATED,
                    actor=Actor.console("createsuperuser"),
                    subject=made,
                    role="superuser",
                )
