"""Is there something to do, and is it there already?"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.documents import same
from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan

ALREADY_EXISTS = Code(
    "already_exists",
    Severity.BLOCKER,
    gettext_noop("A create names something that the gateway holds already."),
)
NOTHING_CHANGES = Code(
    "nothing_changes",
    Severity.BLOCKER,
    gettext_noop("An update leaves the live document as it is."),
)


def already_exists(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A create must not replace what somebody else made."""
    for index, item in enumerate(plan.items):
        if item.action is Action.CREATE and item.base is not None:
            yield ALREADY_EXISTS.finding(
                index,
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
            yield NOTHING_CHANGES.finding(
                index,
                words=f"The {item.kind.title.lower()} {item.id} is already as asked.",
                mend="Nothing needs to be done. To change something else, name it.",
            )


SUBJECT = Subject(
    title=gettext_noop("Is there something to do"),
    matters=gettext_noop(
        "A change must do something, and to the resource that is meant."
    ),
    checks=(already_exists, nothing_changes),
    codes=(ALREADY_EXISTS, NOTHING_CHANGES),
)
