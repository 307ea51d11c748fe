"""Does everything that is named exist, and does nothing name what goes away?"""

from collections.abc import Iterator
from typing import Any

from gateway.kinds import KINDS
from gateway.live import Live
from gateway.references import holders_of, references_of
from gateway.schemas import Schemas
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan

Document = dict[str, Any]


def missing_reference(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Every reference must exist live or be created by this change."""
    made = {(i.kind.name, i.id) for i in plan.items if i.action is not Action.DELETE}
    gone = {(i.kind.name, i.id) for i in plan.items if i.action is Action.DELETE}
    for index, item in enumerate(plan.items):
        wanted = list(references_of(item.kind.name, item.wanted or {}))
        if item.kind.name == "credential" and item.wanted is not None:
            wanted.append(("id", "consumer", item.id.partition("/")[0]))
        for path, kind, resource_id in wanted:
            target = (kind, resource_id)
            if target in made or (
                target not in gone and live.find(kind, resource_id) is not None
            ):
                continue
            title = KINDS[kind].title.lower()
            yield Finding(
                code="missing_reference",
                severity=Severity.BLOCKER,
                item=index,
                path=path,
                words=f"It refers to {title} {resource_id}, which does not exist.",
                mend=f"Create that {title} in the same change, or name one that exists.",
            )


def still_referenced(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What is deleted must not be named by anything that stays. One list per kind."""
    deleted = {
        (item.kind.name, item.id): index
        for index, item in enumerate(plan.items)
        if item.action is Action.DELETE
    }
    for holder in holders_of(kind for kind, _ in deleted):
        for holder_id, document in _documents_after(plan, live, holder).items():
            for path, kind, resource_id in references_of(holder, document):
                index = deleted.get((kind, resource_id), -1)
                if index >= 0:
                    yield Finding(
                        code="still_referenced",
                        severity=Severity.BLOCKER,
                        item=index,
                        words=(
                            f"The {KINDS[holder].title.lower()} {holder_id} still refers to "
                            f"it ({path})."
                        ),
                        mend="Change or delete that first, or in the same change.",
                    )


def _documents_after(plan: Plan, live: Live, kind: str) -> dict[str, Document]:
    """Return {id: document} of a kind as it will be once the change is applied."""
    documents = dict(live.documents(kind))
    for item in plan.items:
        if item.kind.name == kind:
            documents.pop(item.id, None)
            if item.wanted is not None:
                documents[item.id] = item.wanted
    return documents
