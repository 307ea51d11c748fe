"""Is there something to do, and is it there already?"""

from collections.abc import Iterator

from gateway.documents import same
from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan


def already_exists(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A create must not replace what somebody else made."""
    for index, item in enumerate(plan.items):
        if item.action is Action.CREATE and item.base is not None:
            yield Finding(
                code="already_exists",
                severity=Severity.BLOCKER,
                item=index,
                path=item.kind.id_field,
                words=f"The gateway already holds a {item.kind.title.lower()} {item.id}.",
                mend="Update it instead, or leave the id out so that a new one is chosen.",
            )


def nothing_changes(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """An update that leaves the live document as it is needs no review."""
    for index, item in enumerate(plan.items):
        if (
            item.action is Action.UPDATE
            and item.base is not None
            and item.wanted is not None
            # What GET never returns cannot be compared: setting it is a change.
            and not item.kind.write_only & item.wanted.keys()
            and same(
                item.kind.name,
                item.base,
                item.wanted,
                version=schemas.version,
                schemas=schemas,
            )
        ):
            yield Finding(
                code="nothing_changes",
                severity=Severity.BLOCKER,
                item=index,
                words=f"The {item.kind.title.lower()} {item.id} is already as asked.",
                mend="Nothing needs to be done. To change something else, name it.",
            )
