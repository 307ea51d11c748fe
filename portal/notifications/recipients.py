"""Who is told of an entry of the ledger, and why: by what they may do at this moment."""

import re
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from gateway.models import Gateway
from portal.accounts.models import Membership, Person, PolicyChange, PolicyState
from portal.accounts.policy.kinds import kind_of
from portal.accounts.policy.remaining import Power
from portal.accounts.roles import SUPERUSER, Verb
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import AfterReview, ChangeRequest, Verdict
from portal.changes.owners import owned_in
from portal.changes.ownership import Sides
from portal.changes.states import State
from portal.notifications.models import Topic

Told = dict[Person, Topic]

DECISIONS = (
    Event.CHANGE_APPROVED,
    Event.CHANGE_REJECTED,
    Event.CHANGE_CHANGES_REQUESTED,
    Event.CHANGE_CANCELLED,
)
TO_REVIEW = (Event.CHANGE_SUBMITTED, Event.CHANGE_REVISED, Event.CHANGE_REBASED)
STOPS = (Event.CHANGE_FAILED, Event.CHANGE_CONFLICTED)
OF_CHANGES = (
    *DECISIONS,
    *TO_REVIEW,
    *STOPS,
    Event.CHANGE_COMMENTED,
    Event.CHANGE_APPLIED,
    Event.CHANGE_GLASS_BROKEN,
    Event.CHANGE_REVIEWED_AFTER,
)
OF_POLICY = (
    Event.POLICY_PROPOSED,
    Event.POLICY_ACCEPTED,
    Event.POLICY_REFUSED,
    Event.POLICY_TAKEN_ALONE,
)
OF_AUDIT = (Event.AUDIT_BROKEN, Event.AUDIT_MENDED)
KNOWN = (*OF_CHANGES, Event.DRIFT_FOUND, *OF_POLICY, *OF_AUDIT)
MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
# More than a comment ever names; nobody rings at a whole company's doors.
MENTIONS_AT_MOST = 20


def recipients(event: AuditEvent, gateway: Gateway | None) -> Told:
    """Return who is told, and of which topic; never whoever did it.

    For a service account the people of its team are.
    """
    if event.event in OF_POLICY:
        told = _about_policy(event)
    elif event.event in OF_AUDIT:
        able = _who_may(Verb.EXPORT, None) | _who_may(Verb.ADMINISTER, None)
        told = dict.fromkeys(able, Topic.AUDIT)
    elif gateway is None:
        return {}
    elif event.event == Event.DRIFT_FOUND:
        told = dict.fromkeys(_who_may(Verb.OPERATE, gateway), Topic.DRIFT)
    else:
        told = _about_a_change(event, gateway)
    return {
        person: topic for person, topic in told.items() if person.pk != event.actor_id
    }


def _about_a_change(event: AuditEvent, gateway: Gateway) -> Told:
    change = ChangeRequest.objects.filter(pk=int(event.subject_id)).first()
    if change is None or change.submitted_at is None:
        return {}
    authors = change.author_ids()
    if event.event in TO_REVIEW:
        if change.state != State.IN_REVIEW:
            return {}
        reviewers = _who_may(Verb.DECIDE, gateway).exclude(pk__in=authors)
        groups = set(change.awaited.values_list("group", flat=True))
        if groups and "" not in groups:
            reviewers = reviewers.filter(groups__name__in=groups).distinct()
        return dict.fromkeys(reviewers, Topic.REVIEW_REQUESTED)
    readers = _who_may(Verb.READ, gateway)
    accounts = Person.objects.filter(pk__in=authors).exclude(team=None)
    asked = Q(pk__in=authors) | Q(groups__in=accounts.values("team"))
    if event.event == Event.CHANGE_COMMENTED:
        spoke = Q(comments__change=change) | Q(reviews__revision__change=change)
        near = readers.filter(asked | spoke).distinct()
        named = mentioned(str(event.details.get("text", "")), gateway)
        return dict.fromkeys(near, Topic.COMMENTED) | dict.fromkeys(
            named, Topic.MENTIONED
        )
    mine = readers.filter(asked).distinct()
    if event.event == Event.CHANGE_GLASS_BROKEN:
        owners = readers.filter(groups__name__in=_owners(change)).distinct()
        able = _who_may(Verb.DECIDE, gateway)
        return dict.fromkeys({*mine, *owners, *able}, Topic.ALONE)
    if event.event == Event.CHANGE_REVIEWED_AFTER:
        broke = Q(
            reviews__revision__change=change, reviews__verdict=Verdict.BREAK_GLASS
        )
        near = readers.filter(asked | broke).distinct()
        return dict.fromkeys(near, Topic.ALONE)
    if event.event in STOPS:
        return dict.fromkeys({*mine, *_who_may(Verb.OPERATE, gateway)}, Topic.STOPPED)
    topic = Topic.APPLIED if event.event == Event.CHANGE_APPLIED else Topic.DECIDED
    return dict.fromkeys(mine, topic)


def mentioned(
    text: str, gateway: Gateway, at_most: int = MENTIONS_AT_MOST
) -> Iterable[Person]:
    """Return whom a text names of those who may see the gateway. No query for nobody."""
    names = {name.rstrip(".-") for name in MENTION.findall(text)}
    if not names:
        return []
    readers = _who_may(Verb.READ, gateway)
    return readers.filter(username__in=sorted(names)[:at_most])


def _owners(change: ChangeRequest) -> set[str]:
    """Return the names of the groups that own what a change touches."""
    items = change.latest_revision().items.all()
    sides = [Sides(one.kind, one.resource_id, one.base, one.wanted) for one in items]
    return {group for one in owned_in(sides, change.gateway) for group in one.groups}


def to_review_after(after: AfterReview) -> Told:
    """Return who can review what somebody delivered alone."""
    change = after.review.revision.change
    part = {*change.author_ids(), after.review.reviewer_id}
    able = _who_may(Verb.DECIDE, change.gateway).exclude(pk__in=part)
    return dict.fromkeys(able, Topic.ALONE)


def _about_policy(event: AuditEvent) -> Told:
    change = PolicyChange.objects.with_people().filter(pk=event.subject_id).first()
    if change is None:
        return {}
    able = _who_may(Verb.ADMINISTER, change.gateway).exclude(pk=change.author_id)
    if event.event == Event.POLICY_TAKEN_ALONE:
        taken = dict.fromkeys(_who_lose(change), Topic.TAKEN)
        return dict.fromkeys(able, Topic.POLICY) | taken
    if event.event != Event.POLICY_PROPOSED:
        return {change.author: Topic.POLICY}
    return dict.fromkeys(able, Topic.POLICY) if change.state == PolicyState.OPEN else {}


def _who_lose(change: PolicyChange) -> list[Person]:
    """Return from whom somebody took a role or a group alone."""
    kind = kind_of(change.kind)
    if not isinstance(kind, Power) or kind.gives(change.wanted):
        return []
    return [
        person
        for person in kind.holders(change.wanted)
        if person.is_active and not person.is_service
    ]


def _who_may(verb: Verb, gateway: Gateway | None) -> "QuerySet[Person]":
    """Return the active people who may do this on a gateway, on all of them for None."""
    held = Membership.objects.allowing(verb)
    held = held.on(gateway) if gateway else held.filter(gateway=None)
    able = Q(pk__in=held.holders().values("pk"))
    if verb in SUPERUSER:
        able |= Q(is_superuser=True)
    return Person.objects.filter(able, is_active=True)
