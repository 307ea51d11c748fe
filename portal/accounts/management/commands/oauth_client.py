"""Set up a program that people may let in, or send its answers elsewhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.actor import Actor
from portal.accounts.models import Program
from portal.accounts.programs import find_program, redirect_to, register
from portal.accounts.redirects import BadRedirect


class Command(BaseCommand):
    help = (
        "Set up a program that people may let in by OAuth 2.0, and print its client id "
        "and, for a GPT Action, its secret: this once. With --client-id: send the "
        "answers of one that is there elsewhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="What people see.")
        parser.add_argument(
            "--redirect-uri",
            action="append",
            required=True,
            help="Where its answers may go; repeat for several.",
        )
        parser.add_argument(
            "--gpt-action",
            action="store_true",
            help="A GPT Action of ChatGPT: it has a secret, and knows no PKCE.",
        )
        parser.add_argument("--client-id", help="Change this one's redirect URIs.")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.console("oauth_client")
        try:
            if options["client_id"]:
                self._change(options["client_id"], options["redirect_uri"], actor)
                return
            if not options["name"]:
                raise CommandError("Give the program a name that people will see.")
            program, secret = register(
                name=options["name"],
                redirect_uris=options["redirect_uri"],
                has_secret=options["gpt_action"],
                is_gpt_action=options["gpt_action"],
                source=Program.RegistrationSource.MANUAL,
                actor=actor,
            )
        except BadRedirect as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Client ID: {program.client_id}")
        if secret:
            self.stdout.write(f"Client secret: {secret}")
            self.stdout.write("It is shown this once and kept as a hash.")

    def _change(self, client_id: str, uris: list[str], actor: Actor) -> None:
        program = find_program(client_id)
        if (
            program is None
            or program.registration_source != Program.RegistrationSource.MANUAL
        ):
            raise CommandError("No program with this client id was set up here.")
        redirect_to(program, uris, actor=actor)
        self.stdout.write(f"{program.name}: answers go to {', '.join(uris)}.")
