"""Whose approval of a change in review would count, kept for lists and for one person.

What counts is counted anew by quorum.py, when somebody approves and at the delivery; rows
here only say for whom a change waits. Where there is none it waits for every reviewer.
"""

from dataclasses import replace

from django.core.cache import cache
from django.db import transaction

from portal.accounts.models import Person
from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import Awaited, ChangeRequest, Revision
from portal.changes.newcomers import why_not_newcomer
from portal.changes.quorum import Standing, barred_ids, standing
from portal.changes.rules.in_force import in_force
from portal.changes.rules.words import need_words
from portal.changes.states import State

# What changes who must approve, or whose approval counts.
POLICY = (
    Event.RULES_CHANGED,
    Event.GATEWAY_CHANGED,
    Event.GROUP_JOINED,
    Event.GROUP_LEFT,
    Event.OWNERSHIP_GIVEN,
    Event.OWNERSHIP_TAKEN,
    Event.MEMBERSHIP_GRANTED,
    Event.MEMBERSHIP_REVOKED,
    Event.PERSON_CHANGED,
)
SEEN = "awaited:policy"
EDITED = (
    "You wrote the change that this one promotes, reverts or replaces, and a rule asks "
    "for somebody who did not."
)


def would_not_count(stand: Standing, change: ChangeRequest, person: Person) -> str:
    """Say why an approval of somebody who may decide would not count; "" if it would."""
    barred = barred_ids(change, stand.demand)
    if person.pk in barred:
        return EDITED
    if why := why_not_newcomer(person, barred):
        return why
    if "" in stand.awaited:
        return ""
    if stand.awaited.intersection(person.groups.values_list("name", flat=True)):
        return ""
    lacking = [
        need_words(replace(one.need, approvals=one.lacking))
        for one in stand.met
        if one.lacking > 0
    ]
    return f"An approval of yours would not count: missing is {' and '.join(lacking)}."


def note_awaited(change: ChangeRequest, stand: Standing) -> None:
    """Write down for whom a change in review waits. The change is locked, or new."""
    Awaited.objects.filter(change=change).delete()
    bars_editors = not stand.demand.last_editor_counts
    if stand.awaited == {""} and not bars_editors:
        return
    Awaited.objects.bulk_create(
        Awaited(change=change, group=group, bars_editors=bars_editors)
        for group in stand.awaited
    )


def await_reviewers(change: ChangeRequest, revision: Revision) -> None:
    """Write down for whom a change waits that was sent for review just now."""
    if in_force().rules:
        note_awaited(change, standing(change, revision))
    else:
        Awaited.objects.filter(change=change).delete()


def renew_awaited() -> None:
    """Write it down anew for all, once the ledger tells of another policy."""
    newest = (
        AuditEvent.objects.filter(event__in=POLICY)
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    if cache.get(SEEN) == newest:
        return
    Awaited.objects.exclude(change__state=State.IN_REVIEW).delete()
    for number in ChangeRequest.objects.in_review().values_list("pk", flat=True):
        with transaction.atomic():
            change = ChangeRequest.objects.locked().get(pk=number)
            if change.state == State.IN_REVIEW:
                await_reviewers(change, change.latest_revision())
    cache.set(SEEN, newest, timeout=None)
