"""Look at a plan for what a reviewer would miss. One small function a check.

Each takes the plan, what its gateway holds now and the gateway's schemas, and yields
findings. To add one, write it in the file of its subject, with every code that it may
give; list a new subject here.
"""

from collections.abc import Iterable

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks import (
    care,
    certificates,
    code,
    destinations,
    exposure,
    global_rules,
    identity,
    neighbours,
    overlap,
    owners,
    ownership,
    plain_secrets,
    policy,
    precedence,
    promoted,
    protection,
    references,
    schema,
    secrets,
)
from portal.changes.checks.subject import Subject
from portal.changes.findings import Finding
from portal.changes.plan import Plan

SUBJECTS: tuple[Subject, ...] = (
    identity.SUBJECT,
    schema.SUBJECT,
    references.SUBJECT,
    global_rules.SUBJECT,
    secrets.SUBJECT,
    neighbours.SUBJECT,
    protection.SUBJECT,
    exposure.SUBJECT,
    code.SUBJECT,
    destinations.SUBJECT,
    plain_secrets.SUBJECT,
    certificates.SUBJECT,
    care.SUBJECT,
    precedence.SUBJECT,
    overlap.SUBJECT,
    policy.SUBJECT,
    owners.SUBJECT,
    ownership.SUBJECT,
    promoted.SUBJECT,
)


def run_checks(
    plan: Plan, live: Live, schemas: Schemas, subjects: Iterable[Subject] = SUBJECTS
) -> list[Finding]:
    """Return what the checks of these subjects find, the heaviest first in each item."""
    weight = {"blocker": 0, "warning": 1, "info": 2}
    found = [
        finding
        for subject in subjects
        for check in subject.checks
        for finding in check(plan, live, schemas)
    ]
    return sorted(found, key=lambda finding: (finding.item, weight[finding.severity]))
