"""Bring a change up to date with what its gateway holds now, as a new revision."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext

from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.three_way import Side
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.changes import states
from portal.changes.asked import ChangeAsked, ItemAsked, bringing
from portal.changes.conflict import Clash, Compared, compare
from portal.changes.errors import Collides, Malformed, NotYours, WrongState
from portal.changes.models import ChangeRequest, Revision
from portal.changes.plan import gateway_or_down
from portal.changes.propose import plan_against, write_revision
from portal.changes.states import State

NAMED_AT_MOST = 5


def rebase(
    change: ChangeRequest, *, actor: Actor, choices: Mapping[str, str] | None = None
) -> Revision:
    """Join one's own change with what is live; a new revision asks for the result.

    `choices` says per collision, by its name, whose value stands: "mine" or "theirs".
    Raises NotYours, WrongState, Collides with `collisions` while a choice is missing,
    Malformed for one that makes no sense, and whatever `propose` raises.
    """
    person = actor.require(Verb.ASK, change.gateway)
    if change.author_id != person.pk:
        raise NotYours(
            gettext("Change #%(change)s is not yours. Only its author rebases it.")
            % {"change": change.pk}
        )
    states.expect(change, *states.REBASABLE)
    sides = _sides(choices or {})
    before = change.latest_revision()
    with gateway_or_down(change.gateway) as client:
        schemas, live = catalogue_of(change.gateway, client), Live(client)
        compared = compare(before, live, schemas, sides)
        _expect_moved(change, compared)
        _expect_chosen(change, compared, sides)
        asked = ChangeAsked(
            gateway=change.gateway,
            title=change.title,
            reason=change.reason,
            items=tuple(left_to_do(compared)),
            terms=before.terms,
        )
        if not asked.items:
            raise WrongState(
                gettext(
                    "Nothing is left to do: %(gateway)s holds all that change #%(change)s "
                    "would bring. Withdraw it."
                )
                % {"gateway": change.gateway.slug, "change": change.pk},
                field="state",
            )
        plan = plan_against(asked, live, schemas, asker=person, revises=change)
    return write_revision(
        change,
        asked,
        plan,
        actor=actor,
        after=before.number,
        event=Event.CHANGE_REBASED,
        choices={name: str(side) for name, side in sides.items()},
    )


def _sides(choices: Mapping[str, str]) -> dict[str, Side]:
    for name, side in choices.items():
        if side not in tuple(Side):
            raise Malformed(
                gettext(
                    "Choose mine, what this change wants, or theirs, what is live."
                ),
                field=f"choices.{name}",
            )
    return {name: Side(side) for name, side in choices.items()}


def _expect_moved(change: ChangeRequest, compared: Sequence[Compared]) -> None:
    """Raise WrongState where a new revision would only void the approvals."""
    if change.state != State.CONFLICTED and not any(one.has_moved for one in compared):
        raise WrongState(
            gettext(
                "%(gateway)s still holds what change #%(change)s was planned against. It "
                "needs no rebase."
            )
            % {"gateway": change.gateway.slug, "change": change.pk},
            field="state",
        )


def _expect_chosen(
    change: ChangeRequest, compared: Sequence[Compared], sides: Mapping[str, Side]
) -> None:
    """Raise unless the choices settle what collides, and name nothing else."""
    clashes = {clash.name: clash for one in compared for clash in one.clashes}
    for name in sides:
        if name not in clashes:
            raise Malformed(
                gettext("Nothing collides there now. Leave this choice out."),
                field=f"choices.{name}",
            )
    left = [clash for name, clash in clashes.items() if name not in sides]
    if left:
        raise Collides(
            gettext(
                "Change #%(change)s and somebody else changed the same: %(left)s. Choose "
                "for each whose value stands, mine or theirs."
            )
            % {"change": change.pk, "left": _named(left)},
            field="choices",
            collisions=[clash.as_json() for clash in left],
        )


def _named(clashes: Sequence[Clash]) -> str:
    names = [clash.name for clash in clashes[:NAMED_AT_MOST]]
    more = len(clashes) - len(names)
    return ", ".join([*names, f"and {more} more"] if more else names)


def left_to_do(compared: Iterable[Compared]) -> Iterable[ItemAsked]:
    """Yield what brings the gateway from live to what was joined."""
    for one in compared:
        kind, document = KINDS[one.item.kind], one.merged.document
        # What GET never shows cannot be compared: it is written again.
        if one.is_live and not kind.write_only & (document or {}).keys():
            continue
        yield bringing(
            kind.name,
            one.item.resource_id,
            one.live,
            document,
            field=f"items.{one.item.position}",
        )
