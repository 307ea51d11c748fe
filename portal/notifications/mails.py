"""One letter for all that is due to somebody: never two where one will do."""

from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from gateway.visible import visible
from portal.accounts.models import Person
from portal.notifications.models import Notification

log = structlog.get_logger(__name__)
# A letter that no mail server took is tried again after this, and given up once the
# slowest digest has been tried for a day.
AGAIN_AFTER, GIVEN_UP_AFTER = timedelta(minutes=10), timedelta(days=2)
# Lines of one letter; the inbox has the rest.
LINES = 50


def people_due(now: datetime) -> list[int]:
    """Return who is to get a letter now."""
    due = Notification.objects.filter(mail_due_at__lte=now)
    return list(due.order_by().values_list("person", flat=True).distinct())


def send_letter(person_id: int, now: datetime) -> bool:
    """Send somebody one letter of all that is due, unread and still theirs to see.

    Whatever is sent twice at once goes out once: the rows are moved on before.
    """
    person = Person.objects.get(pk=person_id)
    due = Notification.objects.filter(person=person, mail_due_at__lte=now)
    due.filter(at__lt=now - GIVEN_UP_AFTER).update(mail_due_at=None)
    numbers = list(due.order_by("pk").values_list("pk", flat=True))
    claimed = Notification.objects.filter(pk__in=numbers, mail_due_at__lte=now)
    if claimed.update(mail_due_at=now + AGAIN_AFTER) != len(numbers) or not numbers:
        return False
    mine = Notification.objects.filter(pk__in=numbers)
    news = list(mine.shown_to(person).unread().order_by("pk"))
    if news and person.is_active and person.email and not _sent(person, news):
        return False
    mine.update(mail_due_at=None, mailed_at=now)
    return bool(news)


def _sent(person: Person, news: list[Notification]) -> bool:
    mail = EmailMessage(subject_of(news), body_of(person, news), to=[person.email])
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        # The error's own words may hold addresses and what was sent.
        log.warning("notification mail refused", error=type(error).__name__)
        return False
    return True


def subject_of(news: list[Notification]) -> str:
    """Return a subject of our own words alone, on one line."""
    first = " ".join(visible(news[0].words).split())
    more = f" and {len(news) - 1} more" if len(news) > 1 else ""
    return f"[Gatehouse] {first}{more}"[:200]


def body_of(person: Person, news: list[Notification]) -> str:
    """Return the letter: a line and a link each. No link decides anything."""
    lines = [f"Hello {visible(person.get_short_name() or person.username)},", ""]
    for one in news[:LINES]:
        label = f": {visible(one.label)}" if one.label else ""
        lines += [
            f"- {visible(one.words)}{label}",
            f"  {_link(one.get_absolute_url())}",
        ]
    if len(news) > LINES:
        lines.append(f"- and {len(news) - LINES} more in your inbox.")
    lines += [
        "",
        f"Your inbox: {_link(reverse('web:inbox'))}",
        f"What you are told, and how: {_link(reverse('web:inbox_settings'))}",
    ]
    return "\n".join(lines) + "\n"


def _link(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"
