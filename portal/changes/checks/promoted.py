"""What a promotion did not make the gateway's own."""

from collections.abc import Iterator

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

KEPT_AS_IT_IS = Code(
    "kept_as_it_is",
    Severity.WARNING,
    "A promoted document still names a host or address of the gateway it comes from.",
)


def kept_as_it_is(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A host of the other gateway is rarely meant on this one."""
    for index, item in enumerate(plan.items):
        for kept in item.asked.kept:
            yield KEPT_AS_IT_IS.finding(
                index,
                path=kept.path,
                words=f"This still holds the other gateway's value of {kept.variable}: "
                f"{kept.why}.",
                mend=f"Have an administrator set {kept.variable} on {plan.gateway.slug} "
                "and promote it again, or change this by hand.",
            )


SUBJECT = Subject(title="Promotion", checks=(kept_as_it_is,), codes=(KEPT_AS_IT_IS,))
