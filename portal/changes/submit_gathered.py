"""Send a draft that a program gathered for review.

What somebody else changed meanwhile is joined with it, as a rebase does; where both
changed the same, the draft's value stands, as with any later write. A draft that a
blocker stops stays one, with its findings.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway.catalogue import catalogue_of
from gateway.live import Live
from gateway.schemas import Schemas
from gateway.three_way import Side
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed, NotVisible
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.asked import ChangeAsked
from portal.changes.conflict import Compared, compare
from portal.changes.errors import Blocked, GatewayDown, WrongState
from portal.changes.findings import Finding
from portal.changes.models import ChangeRequest, Gathering, Revision
from portal.changes.plan import Plan, gateway_or_down
from portal.changes.propose import plan_against, write_revision
from portal.changes.rebase import left_to_do
from portal.changes.states import State

# A worker that died has it no longer than that; a gateway in trouble is asked again then.
CLAIM = timedelta(seconds=30)
TRIES = 5

log = structlog.get_logger(__name__)


class Grown(Exception):
    """Another write came to the draft meanwhile."""


def submit_due(change_id: int) -> None:
    """Submit a draft that is due, as its program. Twice does no harm."""
    now = timezone.now()
    due = Gathering.objects.due(now).filter(pk=change_id)
    if not due.update(due_at=now + CLAIM):
        return
    gathering = Gathering.objects.select_related(
        "change__gateway", "change__author", "change__token"
    ).get(pk=change_id)
    change = gathering.change
    actor = Actor(
        person=change.author,
        channel=change.channel,
        client=change.client,
        token=change.token,
    )
    try:
        if change.token is not None and not change.token.is_usable(now):
            raise NotAllowed(
                gettext("The token that wrote this draft is no longer valid.")
            )
        submit(gathering, actor=actor)
    except (NotAllowed, NotVisible) as error:
        with suppress(Grown):
            _hold_back(gathering, actor, [_blocker("not_allowed", str(error))])
    except Blocked:
        log.info("draft held back", change=change_id)
    except (GatewayDown, WrongState) as error:
        log.warning("draft not submitted", change=change_id, why=str(error))


def submit(gathering: Gathering, *, actor: Actor) -> ChangeRequest:
    """Send a gathered draft for review; one that is left with nothing is withdrawn.

    Raises Blocked with `findings` when a blocker stands: then it stays a draft.
    Raises GatewayDown, WrongState, NotAllowed, NotVisible.
    """
    actor.require(Verb.ASK, gathering.gateway)
    for _ in range(TRIES):
        try:
            return _submit(gathering, actor)
        except Grown:
            gathering = _again(gathering)
    raise WrongState(
        gettext(
            "Writes keep coming to draft #%(gathering)s. Submit it once they have ended."
        )
        % {"gathering": gathering.pk}
    )


def _again(gathering: Gathering) -> Gathering:
    found = Gathering.objects.open().select_related("change__gateway")
    again = found.filter(pk=gathering.pk).first()
    if again is None:
        raise WrongState(
            gettext("Draft #%(gathering)s was sent or withdrawn meanwhile.")
            % {"gathering": gathering.pk}
        )
    return again


def _submit(gathering: Gathering, actor: Actor) -> ChangeRequest:
    change = gathering.change
    revision = change.latest_revision()
    with gateway_or_down(change.gateway) as client:
        schemas, live = catalogue_of(change.gateway, client), Live(client)
        asked = ChangeAsked(
            gateway=change.gateway,
            title=change.title,
            reason=change.reason,
            items=tuple(left_to_do(_joined(revision, live, schemas))),
            conversation=change.conversation,
        )
        plan = (
            plan_against(asked, live, schemas, asker=change.author, revises=change)
            if asked.items
            else None
        )
    if plan is not None and plan.blockers:
        findings = _placed(plan, revision)
        _hold_back(gathering, actor, findings)
        raise Blocked(
            gettext(
                "Draft #%(change)s is not submitted, and is kept: %(words)s %(mend)s"
            )
            % {
                "change": change.pk,
                "words": plan.blockers[0].words,
                "mend": plan.blockers[0].mend,
            },
            findings=findings,
        )
    with transaction.atomic():
        _expect_as_read(gathering)
        Gathering.objects.filter(pk=gathering.pk).delete()
        if plan is None:
            _discard(change, actor)
        else:
            write_revision(
                change,
                asked,
                plan,
                actor=actor,
                after=revision.number,
                event=Event.CHANGE_SUBMITTED,
            )
    change.refresh_from_db()
    return change


def _joined(revision: Revision, live: Live, schemas: Schemas) -> list[Compared]:
    """Join each item with what is live; where both changed the same, ours stands."""
    compared = compare(revision, live, schemas)
    ours = {clash.name: Side.MINE for one in compared for clash in one.clashes}
    return compare(revision, live, schemas, ours) if ours else compared


def _expect_as_read(gathering: Gathering) -> None:
    """Hold off further writes. Raises Grown where one came since it was read."""
    Person.objects.select_for_update(no_key=True).get(pk=gathering.person_id)
    now = Gathering.objects.open().filter(pk=gathering.pk, writes=gathering.writes)
    if not now.exists():
        raise Grown


def _discard(change: ChangeRequest, actor: Actor) -> None:
    """Withdraw a draft of which nothing is left: the gateway holds it all."""
    locked = ChangeRequest.objects.locked().get(pk=change.pk)
    states.move(locked, State.WITHDRAWN)
    record(
        Entry(Event.CHANGE_DISCARDED, {"comment": "Nothing is left to do."}),
        actor=actor,
        subject=locked,
    )


@transaction.atomic
def _hold_back(
    gathering: Gathering, actor: Actor, findings: Iterable[dict[str, Any]]
) -> None:
    """Keep the draft with what was found, for its author to mend in the portal.

    Raises Grown.
    """
    _expect_as_read(gathering)
    change, told = gathering.change, list(findings)
    revision = change.latest_revision()
    Revision.objects.filter(pk=revision.pk).update(findings=told)
    Gathering.objects.filter(pk=gathering.pk).update(held_back=True)
    record(
        Event.CHANGE_HELD_BACK,
        actor=actor,
        subject=change,
        revision=revision.number,
        findings=[f"{one['severity']} {one['code']}" for one in told],
    )


def _placed(plan: Plan, revision: Revision) -> list[dict[str, Any]]:
    """Return the findings by the items of the draft, whose order is another."""
    position = {
        (kind, resource_id): position
        for kind, resource_id, position in revision.items.values_list(
            "kind", "resource_id", "position"
        )
    }

    def placed(finding: Finding) -> Finding:
        item = plan.items[finding.item]
        return replace(finding, item=position.get((item.kind.name, item.id), 0))

    return [placed(finding).as_json() for finding in plan.findings]


def _blocker(code: str, words: str) -> dict[str, Any]:
    return {
        "code": code,
        "severity": "blocker",
        "item": 0,
        "path": "",
        "words": words,
        "mend": "Send the draft from the portal, or throw it away.",
    }
