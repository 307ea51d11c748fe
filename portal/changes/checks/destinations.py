"""Addresses that the gateway reaches and its callers should not."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from gateway.hosts import Place, place_of
from gateway.live import Live
from gateway.outgoing import outgoing
from gateway.schemas import Schemas
from portal.changes.checks.parts import appeared, named, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

DESTINATION_METADATA = Code(
    "destination_metadata",
    Severity.WARNING,
    gettext_noop(
        "The gateway would call a cloud's metadata service, which hands out credentials; this desk's rules may forbid it."
    ),
)
DESTINATION_LOOPBACK = Code(
    "destination_loopback",
    Severity.WARNING,
    gettext_noop(
        "The gateway would call its own machine, where its Admin API may listen; this desk's rules may forbid it."
    ),
)
DESTINATION_LINK_LOCAL = Code(
    "destination_link_local",
    Severity.WARNING,
    gettext_noop(
        "The gateway would call an address that is valid on its own link alone; this desk's rules may forbid it."
    ),
)
DESTINATION_PRIVATE = Code(
    "destination_private",
    Severity.INFO,
    gettext_noop(
        "The gateway would call an address of a private network; this desk's rules may forbid it."
    ),
)

# {place: (code, what it is, what to do)}
SAID = {
    Place.METADATA: (
        DESTINATION_METADATA,
        "a cloud's metadata service, which hands out the machine's credentials",
        "Remove it, and find out who wanted it: it is hardly ever meant.",
    ),
    Place.LOOPBACK: (
        DESTINATION_LOOPBACK,
        "the machine that the gateway itself runs on",
        "Name the host that others reach it by, unless it really runs beside the gateway.",
    ),
    Place.LINK_LOCAL: (
        DESTINATION_LINK_LOCAL,
        "an address that is valid on the gateway's own link alone",
        "Name the host by its proper address.",
    ),
    Place.PRIVATE: (
        DESTINATION_PRIVATE,
        "an address of a private network",
        "Make sure that the gateway may publish what listens there.",
    ),
}


def reserved_destination(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Say once per item and kind of place where the change makes the gateway call.

    A metadata service is told of even where it was named before.
    """
    for index, item, wanted in written(plan):
        kind = item.kind.name
        new = appeared(item, _reserved)
        # No `setdefault`: the finding points at the first field that is new.
        kept = {key: path for key, path in _reserved(kind, wanted) if key not in new}
        found: dict[Place, dict[str, str]] = defaultdict(dict)
        for (place, host), path in new.items():
            found[place][host] = path
        for place, hosts in found.items():
            yield _finding(index, place, hosts, is_new=True)
        old = {
            host: path
            for (place, host), path in kept.items()
            if place is Place.METADATA
        }
        if old:
            yield _finding(index, Place.METADATA, old, is_new=False)


def _reserved(kind: str, document: Document) -> Iterator[tuple[tuple[Place, str], str]]:
    for one in outgoing(kind, document):
        place = place_of(one.host)
        if place in SAID:
            yield (place, one.host), one.path


def _finding(
    index: int, place: Place, hosts: dict[str, str], *, is_new: bool
) -> Finding:
    code, what, mend = SAID[place]
    is_blocked = is_new and place in settings.CHECK_BLOCKED_DESTINATIONS
    return code.finding(
        index,
        f"The gateway would call {named(hosts)}: {what}."
        + (" The rules of this desk forbid it." if is_blocked else ""),
        mend,
        path=next(iter(hosts.values())),
        severity=Severity.BLOCKER if is_blocked else None,
    )


SUBJECT = Subject(
    title=gettext_noop("Destinations"),
    matters=gettext_noop(
        "Requests, with what callers send along, go wherever a destination points."
    ),
    checks=(reserved_destination,),
    codes=tuple(code for code, _, _ in SAID.values()),
)
