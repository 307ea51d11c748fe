"""Set a password: its owner does, by a link; nobody sets another person's."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.models import Person, Vouched
from portal.accounts.sessions import forget_sessions
from portal.accounts.vouchings import vouch
from portal.audit.events import Event
from portal.audit.ledger import Entry, record


@transaction.atomic
def send_reset_link(person: Person, *, actor: Actor) -> None:
    """Mail somebody a link to set their own password, as an administrator; record it.

    Raises NotPresent, NotAllowed. Whoever forgot theirs asks in forgotten.py.
    """
    if person.is_service:
        raise NotAllowed(
            gettext("Nobody signs in as %(person)s: it is a service account.")
            % {"person": person.username}
        )
    vouch(actor.require_administrator(), [person], Vouched.PASSWORD)
    # robust: a mail server that is down must not undo the account.
    transaction.on_commit(reset_letter(person).send, robust=True)
    record(Event.PERSON_RESET_SENT, actor=actor, subject=person)


def reset_letter(person: Person) -> EmailMessage:
    """Return the mail with the link. Its host is PUBLIC_URL, never the request's."""
    path = reverse(
        "web:password_reset_confirm",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(person.pk)),
            "token": default_token_generator.make_token(person),
        },
    )
    return EmailMessage(
        subject="Set your Gatehouse password",
        body=(
            f"Hello {person.get_short_name() or person.username},\n\n"
            f"set the password of your account {person.username} here:\n\n"
            f"{settings.PUBLIC_URL}{path}\n\n"
            "The link works once and for three days. If you did not expect it, ignore "
            "it: nothing changes.\n"
        ),
        to=[person.email],
    )


@transaction.atomic
def password_set(person: Person, *, actor: Actor) -> None:
    """Record that somebody set their own password; end their other sessions."""
    forget_sessions(person, but=actor.session)
    record(
        Entry(Event.PERSON_CHANGED, {"fields": ["password"]}),
        actor=actor,
        subject=person,
    )
