"""File a change: preview it, propose it, write a new revision of it.

The gateway is read and asked before the transaction opens, never inside it.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway import sealing
from gateway.fingerprint import fingerprint_key
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.schemas import Schemas
from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.asked import ChangeAsked
from portal.changes.awaited import await_reviewers
from portal.changes.checks import run_checks
from portal.changes.errors import (
    Blocked,
    KeyReused,
    Malformed,
    NotOwned,
    NotYours,
    WrongState,
)
from portal.changes.links import NO_LINKS, Links
from portal.changes.models import ChangeRequest, IdempotencyKey, Item, Revision
from portal.changes.pass_by_rule import pass_by_rule, rule_passing
from portal.changes.plan import (
    NOT_OWNED_CODE,
    Plan,
    PlannedItem,
    gateway_or_down,
    plan_items,
)
from portal.changes.search import file_words
from portal.changes.states import OPEN, State

KEY_LIFE = timedelta(days=7)
# Models repeat a call that they think was lost: an equal one is answered, not filed.
SAME_REQUEST_WITHIN = timedelta(minutes=10)
TITLE_LIMIT, REASON_LIMIT, KEY_LIMIT = 200, 5_000, 255

# What else belongs to filing a change: done in the same transaction, with locks of its
# own; returns what else to record. What it raises leaves nothing filed.
Then = Callable[[ChangeRequest], Sequence[Entry]]


@dataclass(frozen=True)
class Proposed:
    """The change that answers a request; `is_replay` when it was filed before."""

    change: ChangeRequest
    is_replay: bool


def make_plan(
    asked: ChangeAsked, *, asker: Person, revises: ChangeRequest | None = None
) -> Plan:
    """Plan a request against the live gateway and run every check.

    One request per touched document and the gateway's own dry run; nothing is stored.
    Raises GatewayDown, NoSuchResource, Malformed.
    """
    asked.terms.check(timezone.now())
    if asked.terms.probe is not None and not asked.gateway.public_url:
        raise Malformed(
            f"Gateway {asked.gateway.slug} has no public address to send a probe to. Leave "
            "it out, or have an administrator enter the address.",
            field="probe",
        )
    with gateway_or_down(asked.gateway) as client:
        schemas, live = catalogue_of(asked.gateway, client), Live(client)
        return plan_against(asked, live, schemas, asker=asker, revises=revises)


def plan_against(
    asked: ChangeAsked,
    live: Live,
    schemas: Schemas,
    *,
    asker: Person,
    revises: ChangeRequest | None = None,
) -> Plan:
    """Plan as `make_plan` does, against what was read of the gateway already."""
    plan = Plan(
        gateway=asked.gateway,
        items=plan_items(asked, live, schemas),
        terms=asked.terms,
        revises=revises,
        asker=asker,
    )
    return replace(plan, findings=run_checks(plan, live, schemas))


def preview(asked: ChangeAsked, *, actor: Actor) -> Plan:
    """Show what a request would do; blockers are findings here, not errors.

    Raises NotAllowed, NotVisible, GatewayDown, NoSuchResource, Malformed.
    """
    return make_plan(asked, asker=actor.require(Verb.READ, asked.gateway))


def propose(
    asked: ChangeAsked,
    *,
    actor: Actor,
    links: Links = NO_LINKS,
    then: Then | None = None,
) -> Proposed:
    """File a change and submit it for review, or return the one filed before.

    `then` is done with either.
    Raises Blocked with `findings` when a blocker stands and KeyReused when the
    idempotency key was used for another request, besides what `preview` raises.
    Refused requests leave nothing behind.
    """
    person = actor.require(Verb.ASK, asked.gateway)
    check_words(asked)
    if earlier := filed_before(asked, actor, person):
        return _replay(earlier, actor, then)
    plan = unblocked(make_plan(asked, asker=person))
    try:
        return _file(asked, plan, actor, person, links=links, then=then)
    except IntegrityError:
        # A twin with the same key was committed between our look and our insert.
        if earlier := filed_before(asked, actor, person):
            return _replay(earlier, actor, then)
        raise


@transaction.atomic
def _replay(change: ChangeRequest, actor: Actor, then: Then | None) -> Proposed:
    if then and (entries := then(change)):
        record(*entries, actor=actor, subject=change)
    return Proposed(change, is_replay=True)


def draft(asked: ChangeAsked, *, actor: Actor) -> Proposed:
    """Keep a person's request although a blocker stands; `revise` submits it later.

    A program's blocked request leaves nothing behind. Raises NotPresent, and what
    `preview` raises.
    """
    actor.require_present_person()
    person = actor.require(Verb.ASK, asked.gateway)
    check_words(asked, needs_reason=False)
    if earlier := filed_before(asked, actor, person):
        return Proposed(earlier, is_replay=True)
    return _file(
        asked, make_plan(asked, asker=person), actor, person, state=State.DRAFT
    )


@transaction.atomic
def _file(
    asked: ChangeAsked,
    plan: Plan,
    actor: Actor,
    person: Person,
    *,
    state: State = State.IN_REVIEW,
    links: Links = NO_LINKS,
    then: Then | None = None,
) -> Proposed:
    # Racing twins without a key: the second finds the first once it has the lock.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if earlier := filed_before(asked, actor, person):
        return _replay(earlier, actor, then)
    change = open_change(asked, plan.summary, actor, person, state=state, links=links)
    revision = _store(change, plan, actor, person, number=1)
    if asked.idempotency_key:
        IdempotencyKey.objects.create(
            author=person,
            client=key_space(actor),
            key=asked.idempotency_key,
            request_digest=request_digest(asked),
            change=change,
        )
    entries = then(change) if then else ()
    passing = rule_passing(change, revision) if state is State.IN_REVIEW else None
    event = Event.CHANGE_DRAFTED if state is State.DRAFT else Event.CHANGE_SUBMITTED
    record(
        Entry(
            event,
            {"reason": asked.reason, "summary": plan.summary} | links.as_details(),
        ),
        actor=actor,
        subject=change,
        revision=1,
        digest=revision.digest,
        findings=[f"{f.severity} {f.code}" for f in plan.findings],
    )
    if entries:
        record(*entries, actor=actor, subject=change)
    if passing:
        pass_by_rule(change, revision, *passing)
    elif state is State.IN_REVIEW:
        await_reviewers(change, revision)
    return Proposed(change, is_replay=False)


def open_change(
    asked: ChangeAsked,
    summary: str,
    actor: Actor,
    person: Person,
    *,
    state: State,
    links: Links = NO_LINKS,
) -> ChangeRequest:
    """Write the row of a new change, within the transaction that writes its revision."""
    return ChangeRequest.objects.create(
        gateway=asked.gateway,
        title=asked.title.strip(),
        reason=asked.reason,
        summary=summary,
        author=person,
        channel=actor.channel,
        client=actor.client,
        token=actor.token,
        conversation=asked.conversation[:200],
        request_digest=request_digest(asked),
        state=state,
        submitted_at=None if state is State.DRAFT else timezone.now(),
        reverts=links.reverts,
        promoted_from=links.promoted_from,
        promotes=links.promotes,
    )


def revise(change: ChangeRequest, asked: ChangeAsked, *, actor: Actor) -> Revision:
    """Write a new revision of one's own change; earlier approvals no longer count.

    Raises NotYours for somebody else's change, WrongState unless it is in review,
    sent back or conflicted, and whatever `propose` raises.
    """
    person = expect_author(change, actor)
    if asked.gateway.pk != change.gateway_id:
        raise Malformed(
            "A change stays on its gateway. File a new one.", field="gateway"
        )
    states.expect(change, *states.REVISABLE)
    check_words(asked)
    before = change.latest_revision().number
    plan = make_plan(asked, asker=person, revises=change)
    return write_revision(change, asked, plan, actor=actor, after=before)


def expect_author(change: ChangeRequest, actor: Actor) -> Person:
    """Return the actor's person, who may ask and wrote the change, else raise NotYours."""
    person = actor.require(Verb.ASK, change.gateway)
    if change.author_id != person.pk:
        raise NotYours(f"Change #{change.pk} is not yours. Only its author revises it.")
    return person


def write_revision(
    change: ChangeRequest,
    asked: ChangeAsked,
    plan: Plan,
    *,
    actor: Actor,
    after: int,
    event: Event = Event.CHANGE_REVISED,
    **details: Any,
) -> Revision:
    """Store a plan as the revision that follows number `after`; reviews begin anew.

    Raises Blocked, and WrongState if somebody was faster.
    """
    person = actor.require(Verb.ASK, change.gateway)
    unblocked(plan)
    with transaction.atomic():
        locked = ChangeRequest.objects.locked().get(pk=change.pk)
        states.expect(locked, *states.REVISABLE)
        if locked.latest_revision().number != after:
            raise WrongState(
                f"Change #{change.pk} was revised meanwhile. Reload it.",
                field="revision",
            )
        locked.title, locked.reason = asked.title.strip(), asked.reason
        locked.summary = plan.summary
        revision = _store(locked, plan, actor, person, number=after + 1)
        # The first request is no longer what this change asks for.
        locked.request_digest = request_digest(asked)
        locked.submitted_at = locked.submitted_at or timezone.now()
        locked.save(
            update_fields=[
                *("title", "reason", "summary"),
                *("request_digest", "submitted_at"),
            ]
        )
        states.move(locked, State.IN_REVIEW)
        passing = rule_passing(locked, revision)
        record(
            Entry(event, {"reason": asked.reason, "summary": plan.summary} | details),
            actor=actor,
            subject=locked,
            revision=revision.number,
            digest=revision.digest,
            findings=[f"{f.severity} {f.code}" for f in plan.findings],
        )
        if passing:
            pass_by_rule(locked, revision, *passing)
        else:
            await_reviewers(locked, revision)
    return revision


def unblocked(plan: Plan) -> Plan:
    """Return the plan. Raises Blocked when a blocker stands, NotOwned for another's part.

    The error's findings name items and fields as the request does: nobody has seen
    the plan, which has an order of its own.
    """
    if plan.blockers:
        not_owned = [one for one in plan.blockers if one.code == NOT_OWNED_CODE]
        first = (not_owned or plan.blockers)[0]
        raise (NotOwned if not_owned else Blocked)(
            f"{first.words} {first.mend}",
            field=plan.field_of(first),
            findings=[
                finding.as_json()
                | {
                    "item": plan.items[finding.item].position,
                    "field": plan.field_of(finding),
                }
                for finding in plan.findings
            ],
        )
    return plan


def _store(
    change: ChangeRequest, plan: Plan, actor: Actor, person: Person, *, number: int
) -> Revision:
    """Write the revision and its items: redacted for everyone, sealed for delivery.

    The change, which says what the plan does, is filed under its words.
    """
    revision = Revision.objects.create(
        change=change,
        number=number,
        author=person,
        token=actor.token,
        channels=actor.channels,
        digest=plan.digest,
        findings=[finding.as_json() for finding in plan.findings],
        deliver_after=plan.terms.deliver_after,
        expires_after=plan.terms.expires_after,
        probe=plan.terms.probe.as_json() if plan.terms.probe else None,
    )
    items = Item.objects.bulk_create(
        item_of(revision, position, item) for position, item in enumerate(plan.items)
    )
    file_words(change, items)
    return revision


def item_of(revision: Revision, position: int, item: PlannedItem) -> Item:
    """Return the unsaved row of a planned item."""
    return Item(
        revision=revision,
        position=position,
        action=item.action,
        kind=item.kind.name,
        resource_id=item.id,
        base=item.shown_base,
        base_sealed=None if item.base is None else sealing.seal(item.base),
        base_digest=item.base_digest,
        wanted=item.shown_wanted,
        wanted_sealed=None if item.wanted is None else sealing.seal(item.wanted),
        wanted_digest=item.wanted_digest,
    )


def check_words(asked: ChangeAsked, *, needs_reason: bool = True) -> None:
    """Raise Malformed unless the request says why, at no greater length than is kept."""
    if needs_reason and not asked.reason.strip():
        raise Malformed("Say why: a reviewer decides by it.", field="reason")
    for field, value, limit in (
        ("title", asked.title, TITLE_LIMIT),
        ("reason", asked.reason, REASON_LIMIT),
        ("idempotency_key", asked.idempotency_key, KEY_LIMIT),
    ):
        if len(value) > limit:
            raise Malformed(f"Use at most {limit:,} characters.", field=field)


def request_digest(asked: ChangeAsked) -> str:
    """Return what equal requests have in common."""
    # Keyed: a request may hold secrets, and this digest is stored.
    return hmac.new(fingerprint_key(), asked.as_bytes(), hashlib.sha256).hexdigest()


def key_space(actor: Actor) -> str:
    """Return what tells programs apart: two tokens of one person never meet."""
    return f"token:{actor.token_id}" if actor.token else str(actor.channel)


def filed_before(
    asked: ChangeAsked, actor: Actor, person: Person
) -> ChangeRequest | None:
    """Return the change that an equal request filed before, if it counts as the same.

    Raises KeyReused when the idempotency key belongs to another request.
    """
    now = timezone.now()
    digest = request_digest(asked)
    if asked.idempotency_key:
        IdempotencyKey.objects.filter(
            author=person, client=key_space(actor), created_at__lt=now - KEY_LIFE
        ).delete()
        used = (
            IdempotencyKey.objects.select_related("change__gateway")
            .filter(author=person, client=key_space(actor), key=asked.idempotency_key)
            .first()
        )
        if used is None:
            return None
        if used.request_digest != digest:
            raise KeyReused(
                "This idempotency key was used for another request. Use a new key.",
                field="idempotency_key",
            )
        return used.change
    return (
        ChangeRequest.objects.select_related("gateway")
        .filter(
            author=person,
            token=actor.token,
            request_digest=digest,
            created_at__gte=now - SAME_REQUEST_WITHIN,
            state__in=OPEN,
        )
        .order_by("-number")
        .first()
    )
