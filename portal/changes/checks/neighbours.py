"""Who else is about to change the same resource?"""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.models import Item
from portal.changes.plan import Plan

ASKED_FOR_TWICE = Code(
    "asked_for_twice",
    Severity.WARNING,
    gettext_noop("Another open change touches the same resource."),
)


def asked_for_twice(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Another open change touches the same resource: the second will conflict. One query."""
    index_of = {(i.kind.name, i.id): index for index, i in enumerate(plan.items)}
    ids: dict[str, list[str]] = defaultdict(list)
    for kind, resource_id in index_of:
        ids[kind].append(resource_id)
    wanted = Q(pk=None)
    # A term for each kind: SQLite takes no more than a thousand.
    for kind, of_kind in ids.items():
        wanted |= Q(kind=kind, resource_id__in=of_kind)
    others = (
        Item.objects.on_the_way(plan.gateway)
        .filter(wanted)
        .exclude(revision__change=plan.revises)
        .values_list("kind", "resource_id", "revision__change_id")
        .distinct()
        .order_by("revision__change_id")
    )
    for kind, resource_id, number in others:
        yield ASKED_FOR_TWICE.finding(
            index_of[kind, resource_id],
            words=f"Change #{number} is on its way and touches the same resource.",
            mend=f"Whichever comes second will conflict; wait for #{number} or agree.",
        )


SUBJECT = Subject(
    title=gettext_noop("Other changes"),
    matters=gettext_noop(
        "Whichever of two changes to the same resource is delivered second conflicts."
    ),
    checks=(asked_for_twice,),
    codes=(ASKED_FOR_TWICE,),
)
