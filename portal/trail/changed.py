"""What an entry of the ledger changed: items of a change, a drift, or settings."""

from typing import Any

from gateway.diff import Difference, Op
from portal.accounts.models import Person
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Revision
from portal.drift.models import Drift

LARGEST = 2**63 - 1


def revision_of(event: AuditEvent, person: Person) -> Revision | None:
    """Return the revision that an entry is about, if it is and they may see it."""
    number = _number(event, "change")
    if number is None or event.revision is None:
        return None
    return (
        Revision.objects.filter(
            change__in=ChangeRequest.objects.visible_to(person).filter(number=number),
            number=event.revision,
        )
        .select_related("change__gateway")
        .first()
    )


def drift_of(event: AuditEvent) -> Drift | None:
    """Return the drift that an entry is about, if it is. For who may see the entry."""
    pk = _number(event, "drift")
    return (
        None
        if pk is None
        else Drift.objects.shown().filter(pk=pk, gateway__slug=event.gateway).first()
    )


def settings_of(event: AuditEvent) -> list[Difference]:
    """Return which settings an entry changed, from what and to what."""
    return [
        Difference((name,), Op.CHANGE, value["from"], value["to"])
        for name, value in event.details.items()
        if _is_change(value)
    ]


def other_details(event: AuditEvent) -> dict[str, Any]:
    """Return what an entry tells beside its settings."""
    return {
        name: value for name, value in event.details.items() if not _is_change(value)
    }


def _is_change(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"from", "to"}


def _number(event: AuditEvent, kind: str) -> int | None:
    text = event.subject_id
    if event.subject_type != kind or not (text.isascii() and text.isdigit()):
        return None
    return int(text) if int(text) <= LARGEST else None
