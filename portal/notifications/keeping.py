"""Read, about to end, and long over."""

from datetime import datetime, timedelta

from django.urls import reverse

from portal.accounts.models import ApiToken, Person
from portal.notifications.collect import made_for
from portal.notifications.models import Notification, Topic

KEPT_FOR = timedelta(days=90)
ENDS_SOON = timedelta(days=7)


def read(person: Person, number: int, now: datetime) -> Notification | None:
    """Mark one of this person's notifications as read; None: there is none to see."""
    found = Notification.objects.shown_to(person).filter(pk=number).first()
    if found is not None and found.read_at is None:
        Notification.objects.filter(pk=found.pk).update(read_at=now)
    return found


def read_all(person: Person, until: int, now: datetime) -> int:
    """Mark as read what this person has seen the list of: up to that number."""
    mine = Notification.objects.unread().filter(person=person, pk__lte=until)
    return mine.update(read_at=now)


def tell_of_ending_tokens(now: datetime) -> int:
    """Tell people of personal tokens that end within a week, once of each."""
    ending = (
        ApiToken.objects.personal()
        .usable(now)
        .filter(expires_at__lte=now + ENDS_SOON, person__is_active=True)
        .select_related("person")
    )
    made = [
        one
        for token in ending
        for one in made_for(
            {token.person: Topic.TOKEN},
            key=f"token:{token.pk}",
            words="A token of yours ends soon",
            label=token.name,
            path=reverse("web:tokens"),
        )
    ]
    Notification.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def forget(now: datetime) -> None:
    """Drop what somebody was told long ago."""
    Notification.objects.filter(at__lt=now - KEPT_FOR).delete()
