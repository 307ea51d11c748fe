"""Answer who forgot their password.

The request writes a row, whoever's the address is or nobody's, and nothing else; a
worker looks the account up and sends the mail. So neither the answer nor the time it
takes tells who has an account.
"""

from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.contrib.auth.forms import PasswordResetForm
from django.db import transaction

from portal.accounts.models import LinkRequest, Person
from portal.accounts.passwords import reset_letter
from portal.accounts.sign_in import Stranger
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.hints import hint_on_commit

SEND_LINKS = "portal.accounts.tasks.send_links"
# What no mail server took is tried again after this, and given up after that.
AGAIN_AFTER, GIVEN_UP_AFTER = timedelta(minutes=1), timedelta(hours=1)

log = structlog.get_logger(__name__)


@transaction.atomic
def ask_for_link(email: str, *, asker: Stranger) -> None:
    """Have a link mailed to whoever has this address."""
    asked = LinkRequest.objects.create(
        email=email, client=asker.client[:200], request_id=asker.request_id[:64]
    )
    hint_on_commit(asked.pk, SEND_LINKS)


def answer_request(request_id: int, now: datetime) -> None:
    """Mail what was asked for, if it is due; tried twice at once it goes out once."""
    asked = LinkRequest.objects.filter(pk=request_id, due_at__lte=now).first()
    if asked is None:
        return
    mine = LinkRequest.objects.filter(pk=request_id, due_at=asked.due_at)
    if not mine.update(due_at=now + AGAIN_AFTER):
        return
    asker = Stranger(client=asked.client, request_id=asked.request_id)
    owners = PasswordResetForm().get_users(asked.email)
    sent = [_mailed(person, asker) for person in owners]
    if all(sent) or now - asked.asked_at > GIVEN_UP_AFTER:
        LinkRequest.objects.filter(pk=request_id).delete()


def requests_due(now: datetime) -> list[int]:
    """Return what a lost hint or a mail server left behind."""
    due = LinkRequest.objects.filter(due_at__lte=now)
    return list(due.order_by("pk").values_list("pk", flat=True))


def _mailed(person: Person, asker: Stranger) -> bool:
    try:
        reset_letter(person).send()
    except (SMTPException, OSError) as error:
        # The error's own words may hold addresses.
        log.warning("reset mail refused", error=type(error).__name__)
        return False
    with transaction.atomic():
        record(Event.PERSON_RESET_SENT, actor=asker, subject=person)
    return True
