"""Hand messages over: at least once each, with patience, and to nobody inside.

A message is in one worker's hands by a lease, and a try counts from its beginning. A
worker that dies between sending and noting it lets the message go out twice, under the
same key: receivers know it by that. One that no worker survives is given up like any.
"""

import random
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from gateway.sealing import Unsealable
from portal.accounts.actor import Actor
from portal.outbound import OutboundError, Reach, Refused, fetch
from portal.webhooks import forms
from portal.webhooks.listening import pause_because
from portal.webhooks.models import Form, Message, MessageState, Try, Webhook

SENDER = Actor.system("webhooks")
# After each failed try so long until the next; after the last it is given up.
PATIENCE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200)
)
TRIES = len(PATIENCE) + 1
JITTER = 0.1
# A mail server may take its time-out several times over; a receiver has a total one.
MAIL_LEASE, MARGIN = timedelta(seconds=90), timedelta(seconds=5)
# Answers that say never again: https://www.standardwebhooks.com, "410 Gone".
GONE = 410

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of one try. `is_final`: trying again would be pointless."""

    is_taken: bool
    words: str
    status: int | None = None
    is_final: bool = False


UNFINISHED = Outcome(False, "Whoever tried to hand it over never finished.")


def send(message_id: int) -> Outcome | None:
    """Try to hand over a message if it is due; return what became of it, else None."""
    message = _claim(message_id)
    if message is None:
        return None
    at, began = timezone.now(), time.monotonic()
    outcome = _hand_over(message) if message.tries <= TRIES else UNFINISHED
    took = round((time.monotonic() - began) * 1_000)
    _note(message, outcome, Try(message=message, at=at, milliseconds=took))
    return outcome


def _claim(message_id: int) -> Message | None:
    message = Message.objects.select_related("webhook").filter(pk=message_id).first()
    if message is None:
        return None
    now, lease = timezone.now(), secrets.token_hex(16)
    # By what was read: whoever was quicker has counted a try.
    free = Message.objects.due(now).filter(pk=message_id, tries=message.tries)
    if not Message.objects.filter(pk__in=free.values("pk")).update(
        leased_until=now + lease_of(message.webhook),
        lease=lease,
        tries=message.tries + 1,
    ):
        return None
    message.lease, message.tries = lease, message.tries + 1
    return message


def lease_of(webhook: Webhook) -> timedelta:
    """Return for how long one try keeps others away: longer than it may take."""
    if webhook.form == Form.MAIL:
        return MAIL_LEASE
    return 2 * timedelta(seconds=settings.WEBHOOK_DEADLINE) + MARGIN


def _hand_over(message: Message) -> Outcome:
    try:
        if message.webhook.form == Form.MAIL:
            return _mail(message)
        return _post(message)
    except Unsealable:
        return Outcome(False, "Its address cannot be opened: no configured key fits.")


def _mail(message: Message) -> Outcome:
    letter = forms.mail(message.content)
    mail = EmailMessage(
        letter.subject,
        letter.text,
        to=[message.webhook.address],
        headers={
            "Message-ID": f"<{message.key}@{settings.CONTACT_EMAIL.rsplit('@')[-1]}>"
        },
    )
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        # The error's own words may hold addresses and what was sent.
        return Outcome(
            False, f"The mail server did not take it: {type(error).__name__}."
        )
    return Outcome(True, "The mail server took it.")


def _post(message: Message) -> Outcome:
    webhook = message.webhook
    if webhook.form == Form.SLACK:
        posted = forms.slack(message.content)
    else:
        posted = forms.standard(
            message.type,
            message.content,
            key=message.key,
            secret=webhook.secret,
            timestamp=int(time.time()),
        )
    try:
        answer = fetch(
            "POST",
            webhook.address,
            reach=Reach.PUBLIC,
            seconds=settings.WEBHOOK_DEADLINE,
            headers={"User-Agent": "Gatehouse", **posted.headers},
            content=posted.body,
            limit=1_024,
        )
    except Refused as error:
        return Outcome(
            False,
            f"{error} An administrator of this desk can list it in OUTBOUND_ALLOW.",
        )
    except OutboundError as error:
        return Outcome(False, str(error))
    # What was answered is nobody's business: it may hold secrets of the receiver.
    is_taken = 200 <= answer.status < 300
    words = "It was taken." if is_taken else f"It answered {answer.status}."
    return Outcome(is_taken, words, answer.status, is_final=answer.status == GONE)


@transaction.atomic
def _note(message: Message, outcome: Outcome, attempt: Try) -> None:
    """Write down what became of a try; when the lease was lost, leave it to another."""
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=message.webhook_id)
    ours = Message.objects.filter(pk=message.pk, lease=message.lease)
    if outcome.is_taken:
        state = MessageState.SENT
    elif outcome.is_final or message.tries >= TRIES:
        state = MessageState.GIVEN_UP
    else:
        state = MessageState.WAITING
    if not ours.update(
        state=state,
        leased_until=None,
        lease="",
        next_at=timezone.now() + _wait(message.tries),
    ):
        return
    attempt.status, attempt.words = outcome.status, outcome.words[:300]
    attempt.save(force_insert=True)
    if state == MessageState.GIVEN_UP:
        log.warning("webhook message given up", webhook=webhook.pk, key=message.key)
        if webhook.paused_at is None and webhook.removed_at is None:
            _pause_if_deaf(webhook, message, outcome)


def _wait(tries: int) -> timedelta:
    base = PATIENCE[min(tries, len(PATIENCE)) - 1]
    return base * random.uniform(1, 1 + JITTER)  # noqa: S311


def _pause_if_deaf(webhook: Webhook, message: Message, outcome: Outcome) -> None:
    """Stop when the receiver is gone, or took nothing while this was tried."""
    if outcome.is_final:
        pause_because(webhook, "it answered 410: it is gone", actor=SENDER)
    elif not Try.objects.filter(
        message__webhook=webhook,
        message__state=MessageState.SENT,
        at__gte=message.made_at,
    ).exists():
        pause_because(
            webhook, f"nothing was taken any more: {outcome.words}", actor=SENDER
        )
