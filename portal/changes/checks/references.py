"""Does everything that is named exist, and does nothing name what goes away?"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.kinds import KINDS
from gateway.live import Live
from gateway.references import holders_of, references_of, secrets_of
from gateway.schemas import Schemas
from portal.changes.checks.holdings import After
from portal.changes.checks.parts import appeared
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan

MISSING_REFERENCE = Code(
    "missing_reference",
    Severity.BLOCKER,
    gettext_noop("Something is referred to that does not exist."),
)
MISSING_SECRET = Code(
    "missing_secret",
    Severity.WARNING,
    gettext_noop("A $secret:// names a secret manager that the gateway does not have."),
)
STILL_REFERENCED = Code(
    "still_referenced",
    Severity.BLOCKER,
    gettext_noop("Something is deleted that another resource still refers to."),
)


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
            yield MISSING_REFERENCE.finding(
                index,
                path=path,
                words=f"It refers to {title} {resource_id}, which does not exist.",
                mend=f"Create that {title} in the same change, or name one that exists.",
            )


def missing_secret(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What gets no secret goes on with the text of the reference, which nobody means."""
    after = After(plan, live)
    for index, item in enumerate(plan.items):
        named = appeared(item, lambda _, document: secrets_of(document))
        for secret_id, path in named.items():
            if after.find("secret", secret_id) is None:
                yield MISSING_SECRET.finding(
                    index,
                    path=path,
                    words=f"It refers to secret {secret_id}, which gateway "
                    f"{plan.gateway.slug} does not have.",
                    mend="Create that secret in the same change, with what its manager "
                    "asks for there, or name one that the gateway has.",
                )


def still_referenced(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What is deleted must not be named by anything that stays. One list per kind."""
    deleted = {
        (item.kind.name, item.id): index
        for index, item in enumerate(plan.items)
        if item.action is Action.DELETE
    }
    after = After(plan, live)
    for holder in holders_of(kind for kind, _ in deleted):
        for holder_id, document in after.documents(holder).items():
            for path, kind, resource_id in references_of(holder, document):
                index = deleted.get((kind, resource_id), -1)
                if index >= 0:
                    yield STILL_REFERENCED.finding(
                        index,
                        words=(
                            f"The {KINDS[holder].title.lower()} {holder_id} still refers to "
                            f"it ({path})."
                        ),
                        mend="Change or delete that first, or in the same change.",
                    )


SUBJECT = Subject(
    title=gettext_noop("References"),
    matters=gettext_noop(
        "A resource that names another works only while that other is there."
    ),
    checks=(missing_reference, missing_secret, still_referenced),
    codes=(MISSING_REFERENCE, MISSING_SECRET, STILL_REFERENCED),
)
