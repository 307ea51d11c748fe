"""Who will have to approve what is only planned, by the rules that count now."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.accounts.actor import Actor
from portal.changes.plan import Plan
from portal.changes.requirements import Requirement, who_could
from portal.changes.rules.demand import Demand, Met, demanded, met_by
from portal.changes.rules.facts import planned
from portal.changes.rules.in_force import in_force
from portal.changes.rules.rule import Need


@dataclass(frozen=True)
class Foreseen:
    """What will be asked for. `passed_by` is the rule by which nothing will be, or ""."""

    requirements: Sequence[Requirement]
    passed_by: str = ""


def foreseen(plan: Plan, actor: Actor) -> Foreseen:
    """Say who will have to approve a plan once this actor sends it."""
    rules, least = in_force().rules, plan.gateway.approvals_required
    channels, barred = {str(actor.channel)}, _authors(plan, actor)
    if plan.revises is not None:
        channels.add(str(plan.revises.channel))
        for kept in plan.revises.revisions.values_list("channels", flat=True):
            channels.update(kept)
    demand = Demand((Need(least),))
    if rules:
        demand = demanded(rules, planned(plan, channels), least)
    if demand.waived_by is not None:
        return Foreseen((), demand.waived_by.name)
    lacking: list[Met[int]] = met_by(demand, {})
    return Foreseen(
        [
            Requirement(one, (), who_could(one.need, plan.gateway, barred))
            for one in lacking
        ]
    )


def _authors(plan: Plan, actor: Actor) -> set[int]:
    authors = {actor.person.pk} if actor.person else set()
    return authors | (plan.revises.author_ids() if plan.revises else set())
