"""What a promotion did not make the gateway's own."""

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.promote import Dictionary, Kept, promoted
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan, PlannedItem

KEPT_AS_IT_IS = Code(
    "kept_as_it_is",
    Severity.WARNING,
    gettext_noop(
        "A promoted document still names a host or address of the gateway it comes from."
    ),
)


def kept_as_it_is(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A host of the other gateway is rarely meant on this one, in a later revision too."""
    for index, item in enumerate(plan.items):
        for kept in item.asked.kept or _still_held(plan, item):
            yield KEPT_AS_IT_IS.finding(
                index,
                path=kept.path,
                words=f"This still holds the other gateway's value of {kept.variable}: "
                f"{kept.why}.",
                mend=f"Have an administrator set {kept.variable} on {plan.gateway.slug} "
                "and promote it again, or change this by hand.",
            )


def _still_held(plan: Plan, item: PlannedItem) -> tuple[Kept, ...]:
    """Return what a new revision of a promoted change still holds of the other gateway."""
    source = plan.revises.promoted_from if plan.revises else None
    if source is None or item.wanted is None:
        return ()
    # What an administrator has set meanwhile is not put in by itself.
    same = dict(source.variables.items() & plan.gateway.variables.items())
    _, kept = promoted(item.kind.name, item.wanted, Dictionary(source.variables, same))
    return tuple(replace(one, why="a revision is not mapped") for one in kept)


SUBJECT = Subject(
    title=gettext_noop("Promotion"),
    matters=gettext_noop(
        "What fits one gateway, such as a host or a node, may be wrong on another."
    ),
    checks=(kept_as_it_is,),
    codes=(KEPT_AS_IT_IS,),
)
