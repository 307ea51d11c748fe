"""Does whoever asks own what they ask for?"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from portal.accounts.ownerships import limits_of, told
from portal.changes.checks.holdings import After
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.ownership import Parts, Sides, all_owners, title_of
from portal.changes.plan import NOT_OWNED_CODE, Plan

NOT_OWNED = Code(
    NOT_OWNED_CODE,
    Severity.BLOCKER,
    gettext_noop(
        "Whoever asks may ask for the parts that their groups own, and this is none of them."
    ),
)


def not_owned(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Both what is there and what is wanted must lie inside. Lists for limited authors."""
    owned = limits_of(plan.asker, plan.gateway) if plan.asker else None
    if owned is None:
        return
    after = After(plan, live)
    parts = Parts(owned, before=live, after=after)
    for index, item in enumerate(plan.items):
        sides = Sides(item.kind.name, item.id, item.base, item.wanted)
        if not (path := parts.outside(sides)):
            continue
        theirs = set(all_owners(sides, plan.gateway, before=live, after=after))
        others = sorted(theirs - {one.group.name for one in owned})
        whose = f"group {', '.join(others)} owns it" if others else "no group owns it"
        yield NOT_OWNED.finding(
            index,
            f"You may not ask for {title_of(sides)} as it is or would be: {whose}. By your "
            f"groups you may ask for {told(owned)}.",
            f"Ask {'them' if others else 'an administrator'} to do it, or stay within "
            "those parts.",
            path=path,
        )


SUBJECT = Subject(
    title=gettext_noop("Ownership"),
    matters=gettext_noop(
        "A team asks for its own part of a gateway and leaves the others theirs."
    ),
    checks=(not_owned,),
    codes=(NOT_OWNED,),
)
