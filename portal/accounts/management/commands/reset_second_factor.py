from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actor import Actor
from portal.accounts.factors import forget_factors
from portal.accounts.models import Person


class Command(BaseCommand):
    """For the last administrator who lost theirs; others ask one of them."""

    help = "Take all second factors from somebody and sign them out. Recorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The account's name.")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(username=options["name"]).first()
        if person is None:
            raise CommandError(f"There is no account {options['name']}.")
        forget_factors(person, actor=Actor.console("reset_second_factor"))
        self.stdout.write(f"{person} signs in with a password alone now, once.")
