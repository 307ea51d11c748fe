"""How somebody is told of a topic, and when an e-mail about it is due."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from django.db import transaction

from portal.accounts.models import Person
from portal.notifications.models import Topic, Way, Wish

# What one must act on comes by mail; the rest waits where one looks anyway.
DEFAULTS = {
    Topic.REVIEW_REQUESTED: Way.HOURLY,
    Topic.DECIDED: Way.HOURLY,
    Topic.COMMENTED: Way.INBOX,
    Topic.MENTIONED: Way.HOURLY,
    Topic.APPLIED: Way.INBOX,
    Topic.STOPPED: Way.NOW,
    Topic.ALONE: Way.NOW,
    Topic.DRIFT: Way.DAILY,
    Topic.POLICY: Way.HOURLY,
    Topic.TAKEN: Way.NOW,
    Topic.AUDIT: Way.NOW,
    Topic.TOKEN: Way.DAILY,
}
MORNING = 8


def ways_of(person: Person) -> dict[Topic, Way]:
    """Return how this person is told of each topic. One query."""
    wished = dict(person.wishes.values_list("topic", "way"))
    return {topic: Way(wished.get(topic, DEFAULTS[topic])) for topic in Topic}


def ways_among(told: Mapping[Person, Topic]) -> dict[Person, Way]:
    """Return how each of these is told of their topic. One query."""
    wished = {
        (person, topic): way
        for person, topic, way in Wish.objects.filter(
            person__in=told, topic__in=set(told.values())
        ).values_list("person", "topic", "way")
    }
    return {
        person: Way(wished.get((person.pk, topic), DEFAULTS[topic]))
        for person, topic in told.items()
    }


@transaction.atomic
def set_ways(person: Person, ways: dict[Topic, Way]) -> None:
    """Remember how this person wants to be told; their own affair, so not recorded."""
    for topic, way in ways.items():
        Wish.objects.update_or_create(person=person, topic=topic, defaults={"way": way})


def mail_due(way: Way, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Return when an e-mail is due: at the next full hour, the next morning there."""
    match way:
        case Way.NOW:
            return now
        case Way.HOURLY:
            hour = now.replace(minute=0, second=0, microsecond=0)
            return hour + timedelta(hours=1)
        case Way.DAILY:
            morning = now.astimezone(zone).replace(
                hour=MORNING, minute=0, second=0, microsecond=0
            )
            return morning if morning > now else morning + timedelta(days=1)
        case _:
            return None
