"""Read, about to end, and long over."""

from datetime import datetime, timedelta

from django.urls import reverse

from portal.accounts.models import ApiToken, Person
from portal.changes.models import AfterReview
from portal.notifications.collect import made_for
from portal.notifications.models import Notification, Topic
from portal.notifications.recipients import to_review_after

KEPT_FOR = timedelta(days=90)
ENDS_SOON = timedelta(days=7)
REMIND_AFTER = timedelta(days=1)


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


def tell_of_open_reviews(now: datetime) -> int:
    """Tell who can of what was delivered alone and not reviewed since, once a day."""
    open_for_long = (
        AfterReview.objects.open()
        .filter(opened_at__lte=now - REMIND_AFTER)
        .select_related("review__revision__change__gateway")
    )
    made = [
        one
        for after in open_for_long
        for one in made_for(
            to_review_after(after),
            key=f"after:{after.pk}:{now:%Y-%m-%d}",
            words="A change that was delivered alone still waits for its review",
            label=str(after.review.revision.change)[:300],
            path=after.review.revision.change.get_absolute_url(),
            gateway=after.review.revision.change.gateway,
        )
    ]
    Notification.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def forget(now: datetime) -> None:
    """Drop what somebody was told long ago."""
    Notification.objects.filter(at__lt=now - KEPT_FOR).delete()
