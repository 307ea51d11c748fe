"""Does another program keep this resource?"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.owners import owner_of
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

KEPT_ELSEWHERE = Code(
    "kept_elsewhere",
    Severity.WARNING,
    gettext_noop(
        "The resource bears the marks of another program, such as an ingress controller, "
        "ADC or Terraform, which will overwrite or delete it."
    ),
)


def kept_elsewhere(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What another program keeps it puts back, or removes, at its next run."""
    for index, item in enumerate(plan.items):
        owner = owner_of(item.base or {}) or owner_of(item.wanted or {})
        if owner is None:
            continue
        source = f" ({owner.source})" if owner.source else ""
        yield KEPT_ELSEWHERE.finding(
            index,
            f"It bears the mark of {owner.title}, which will undo what is changed here.",
            f"Change it where {owner.title} takes it from{source}, or take it out of that "
            "care first and remove the mark.",
            path=owner.path,
        )


SUBJECT = Subject(
    title=gettext_noop("Owners"),
    matters=gettext_noop("What another tool keeps, it will write over again."),
    checks=(kept_elsewhere,),
    codes=(KEPT_ELSEWHERE,),
)
