"""For a desk on which nobody is left who could accept what waits."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.accounts.actor import Actor
from portal.accounts.models import PolicyChange
from portal.accounts.policy.deciding import accept_at_console
from portal.errors import GatehouseError


class Command(BaseCommand):
    help = "Accept a change of policy that nobody else can accept. Recorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, help="Its number, as its page says.")

    def handle(self, *args: Any, **options: Any) -> None:
        change = PolicyChange.objects.filter(pk=options["number"]).first()
        if change is None:
            raise CommandError(f"There is no change of policy {options['number']}.")
        try:
            accept_at_console(change, actor=Actor.console("accept_policy"))
        except GatehouseError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"In force: {change}.")
