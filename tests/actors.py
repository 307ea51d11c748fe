"""Who acts in tests: a person at the portal, or a program of theirs."""

from django.utils import timezone

from portal.accounts.actor import Actor, Channel
from portal.accounts.models import Person
from tests.factories import make_token


def present(person: Person) -> Actor:
    """The person at the portal, signed in."""
    return Actor(
        person=person,
        channel=Channel.PORTAL,
        client="Firefox",
        session="session",
        signed_in_at=timezone.now(),
    )


def program(person: Person) -> Actor:
    """A program with a token of the person."""
    token, _ = make_token(person)
    return Actor(person=person, channel=Channel.API, client="ChatGPT", token=token)
