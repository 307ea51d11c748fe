"""Make the demo's people: `make run` calls it, nobody else may."""

import json
import secrets
from typing import Any

from django.core.management.base import BaseCommand

from portal.accounts.demo import create_demo_people
from portal.accounts.models import ApiToken, Person
from portal.environment import env


class Command(BaseCommand):
    help = (
        "Make the demo's people and alice's token, with DEMO_PASSWORD and DEMO_TOKEN or "
        "random ones; print what is new as JSON, since it is shown only this once."
    )

    def handle(self, **options: Any) -> None:
        self.stdout.write(json.dumps(provide()))


def provide() -> dict[str, str]:
    """Make who is missing; return the `password` and `token` that are valid, if known.

    On a later start both are known only if the environment fixes them: a password
    is stored hashed and may have been changed, and a new token is people's to make.
    """
    password = env.str("DEMO_PASSWORD", default="")
    token = env.str("DEMO_TOKEN", default="")
    alice = Person.objects.filter(username="alice").first()
    if alice is None:
        password = password or secrets.token_urlsafe(9)
        token = token or ApiToken.new_secret()
    elif not alice.check_password(password):
        password = ""
    if alice is None or token:
        create_demo_people(password=password, token=token)
    return {"password": password, "token": token}
