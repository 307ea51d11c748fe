"""Look at a plan for what a reviewer would miss. One small function a check.

Each takes the plan, what its gateway holds now and the gateway's schemas, and yields
findings. To add one, write it in the file of its subject and list it here.
"""

from collections.abc import Callable, Iterable

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.identity import already_exists, nothing_changes
from portal.changes.checks.neighbours import asked_for_twice
from portal.changes.checks.references import missing_reference, still_referenced
from portal.changes.checks.schema import gateway_dry_run, unknown_plugin
from portal.changes.checks.secrets import (
    certificate_key_missing,
    irreversible,
    secret_follows_new_destination,
    secret_not_resolved,
)
from portal.changes.findings import Finding
from portal.changes.plan import Plan

Check = Callable[[Plan, Live, Schemas], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    already_exists,
    nothing_changes,
    unknown_plugin,
    gateway_dry_run,
    missing_reference,
    still_referenced,
    secret_not_resolved,
    certificate_key_missing,
    secret_follows_new_destination,
    irreversible,
    asked_for_twice,
)


def run_checks(plan: Plan, live: Live, schemas: Schemas) -> list[Finding]:
    """Return what all checks find, the heaviest first within each item."""
    weight = {"blocker": 0, "warning": 1, "info": 2}
    found = [finding for check in CHECKS for finding in check(plan, live, schemas)]
    return sorted(found, key=lambda finding: (finding.item, weight[finding.severity]))
