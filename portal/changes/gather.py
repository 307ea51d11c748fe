"""Take a program's write through the Admin API into its draft.

A program chains its writes: an upstream, then a route that names it. What it writes
within a while is one change, which `submit_gathered.py` sends for review. Nobody but its
author sees a draft, and nothing refers to it; so its one revision grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.admin_api.write import Write
from gateway.kinds import Kind
from gateway.models import Gateway
from gateway.sentences import sentence
from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.asked import ChangeAsked
from portal.changes.errors import Malformed, WrongState
from portal.changes.gathered import Draft, asked_before, held_back_of, open_draft
from portal.changes.identity import choose_id
from portal.changes.models import ChangeRequest, Gathering, Item, Revision
from portal.changes.plan import (
    ITEM_LIMIT,
    SAID_ONE_BY_ONE,
    PlannedItem,
    items_digest,
    summed_up,
)
from portal.changes.plan_write import Planned, plan_write
from portal.changes.propose import (
    REASON_LIMIT,
    check_words,
    item_of,
    key_space,
    open_change,
)
from portal.changes.states import State
from portal.changes.terms import Terms

Document = dict[str, Any]

# Somebody else of the same program is faster only so often.
TRIES = 20


class Overtaken(Exception):
    """Another write of the same program landed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Where a write landed, and what of it everybody may see (None: deleted).

    Without `change` it asks for nothing: the gateway holds it already. `held_back` is an
    earlier draft of the same program that could not be submitted.
    """

    kind: Kind
    key: str
    shown: Document | None
    is_new: bool
    change: ChangeRequest | None
    held_back: ChangeRequest | None = None


def gather(write: Write, *, gateway: Gateway, actor: Actor, reason: str) -> Gathered:
    """Take one write into the program's draft on this gateway; the first one opens it.

    Two writes of one resource are one item of it. Raises Refused as the Admin API
    would, Blocked where the desk's own rules stop it, GatewayDown, Malformed.
    """
    person = actor.require(Verb.ASK, gateway)
    write.expect_offered()
    asked = ChangeAsked(gateway=gateway, reason=reason, items=())
    check_words(asked)
    chosen = ""
    for _ in range(TRIES):
        draft = open_draft(actor, gateway)
        key = write.key() or chosen or choose_id(write.kind, write.body)
        chosen = key
        planned = plan_write(write, key, asked, draft, asker=person)
        try:
            return _land(planned, asked, draft, actor, person)
        except Overtaken:
            continue
    raise WrongState(gettext("Too many writes of this program at once. Send it again."))


@transaction.atomic
def _land(
    planned: Planned, asked: ChangeAsked, seen: Draft, actor: Actor, person: Person
) -> Gathered:
    """Write what was planned into the draft. Raises Overtaken where that moved on."""
    # Writes of one program come in one by one from here.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    draft = open_draft(actor, asked.gateway)
    at = (planned.kind.name, planned.key)
    if _moved(draft, seen, at):
        raise Overtaken
    before, gathering = draft.items.get(at), draft.gathering
    if before is None and planned.item is None:
        return _gathered(planned, None)
    if planned.item and gathering is None:
        earlier = asked_before(planned.item, asked.gateway, actor)
        if earlier is not None:
            return _gathered(planned, earlier)
    held_back = held_back_of(actor, asked.gateway)
    if gathering is None:
        gathering, event = _opened(planned, asked, actor, person), Event.CHANGE_DRAFTED
    else:
        event = Event.CHANGE_GATHERED
        if before is None and len(draft.items) >= ITEM_LIMIT:
            raise Malformed(
                gettext(
                    "A change takes at most %(limit)s items, and the draft "
                    "#%(change_id)s has as many. Submit it with X-Change: submit, then go on."
                )
                % {"limit": f"{ITEM_LIMIT:,}", "change_id": gathering.change_id}
            )
    change = ChangeRequest.objects.locked().get(pk=gathering.change_id)
    revision = change.latest_revision()
    _put(planned.item, before, revision, len(draft.items))
    _sum_up(change, revision, asked.reason)
    Gathering.objects.filter(pk=gathering.pk).update(
        writes=gathering.writes + 1, due_at=due_at()
    )
    record(
        Entry(event, {"reason": asked.reason, "summary": _sentence(planned)}),
        actor=actor,
        subject=change,
        revision=revision.number,
        digest=revision.digest,
    )
    return _gathered(planned, change, held_back)


def _moved(draft: Draft, seen: Draft, at: tuple[str, str]) -> bool:
    """Say whether the draft is another one now, or holds the resource otherwise."""
    before, after = seen.items.get(at), draft.items.get(at)
    return (seen.gathering and seen.gathering.pk, before and before.pk) != (
        draft.gathering and draft.gathering.pk,
        after and after.pk,
    )


def _gathered(
    planned: Planned,
    change: ChangeRequest | None,
    held_back: ChangeRequest | None = None,
) -> Gathered:
    return Gathered(
        kind=planned.kind,
        key=planned.key,
        shown=planned.shown,
        is_new=planned.is_new,
        change=change,
        held_back=held_back,
    )


def _opened(
    planned: Planned, asked: ChangeAsked, actor: Actor, person: Person
) -> Gathering:
    """Open a draft with no item in it yet."""
    change = open_change(asked, _sentence(planned), actor, person, state=State.DRAFT)
    Revision.objects.create(
        change=change,
        number=1,
        author=person,
        token=actor.token,
        channels=actor.channels,
        digest="",
    )
    return Gathering.objects.create(
        change=change,
        gateway=asked.gateway,
        person=person,
        program=key_space(actor),
        due_at=due_at(),
    )


def _put(
    item: PlannedItem | None, before: Item | None, revision: Revision, count: int
) -> None:
    """Add an item, in the place of the one that the draft had of its resource."""
    if before is not None:
        before.delete()
    if item is not None:
        last = before.position if before else _next_position(revision, count)
        item_of(revision, last, item).save()


def _next_position(revision: Revision, count: int) -> int:
    if not count:
        return 0
    last = revision.items.order_by("-position").values_list("position", flat=True)
    return last[0] + 1


def _sum_up(change: ChangeRequest, revision: Revision, reason: str) -> None:
    """Keep what the draft says of itself: summary, reason, digest."""
    rows = list(
        revision.items.order_by("position").values_list(
            "action", "kind", "resource_id", "base_digest", "wanted_digest"
        )
    )
    change.summary = _summary(revision, rows) if rows else "Nothing is left of it."
    reasons = change.reason.split("\n")
    if reason not in reasons and len(change.reason) + len(reason) < REASON_LIMIT:
        change.reason = "\n".join([*reasons, reason])
    change.save(update_fields=["summary", "reason"])
    revision.digest = items_digest(change.gateway, rows, Terms())
    # Nothing refers to the revision of a draft that is still being gathered.
    Revision.objects.filter(pk=revision.pk).update(digest=revision.digest)


def _summary(revision: Revision, rows: Sequence[tuple[str, str, str, str, str]]) -> str:
    if len(rows) > SAID_ONE_BY_ONE:
        return summed_up([(action, kind, "") for action, kind, *_ in rows])
    return summed_up(
        [
            (one.action, one.kind, _said(one))
            for one in revision.items.order_by("position")
        ]
    )


def _said(item: Item) -> str:
    return sentence(item.action, item.kind, item.resource_id, item.base, item.wanted)


def _sentence(planned: Planned) -> str:
    if planned.item is None:
        return f"Leaves {planned.kind.title.lower()} {planned.key} as it is."
    return planned.item.sentence


def due_at() -> datetime:
    """Return when a draft is submitted that nothing comes to any more."""
    return timezone.now() + timedelta(seconds=settings.GATHER_FOR)
