"""Short words for tests of delivery: items to ask for, and what became of them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests
from django.utils import timezone

from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.models import ChangeRequest, Delivery, Step
from tests.changes.conftest import Desk, conference
from tests.gateway.evil import evil, http
from tests.waiting import LONG


def creates(kind: str, resource_id: str, **document: Any) -> ItemAsked:
    return ItemAsked(action="create", kind=kind, id=resource_id, document=document)


def updates(kind: str, resource_id: str, **document: Any) -> ItemAsked:
    """Merge these fields into what is live."""
    return ItemAsked(action="update", kind=kind, id=resource_id, document=document)


def replaces(kind: str, resource_id: str, **document: Any) -> ItemAsked:
    """Let this be all that is live."""
    return ItemAsked(
        action="update", kind=kind, id=resource_id, document=document, replace=True
    )


def deletes(kind: str, resource_id: str) -> ItemAsked:
    return ItemAsked(action="delete", kind=kind, id=resource_id)


def route(resource_id: str, **fields: Any) -> ItemAsked:
    """Create a route at an address of its own."""
    return creates("route", resource_id, **conference(uri=f"/{resource_id}", **fields))


def upstream(**fields: Any) -> dict[str, Any]:
    return {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}} | fields


def approved(desk: Desk, *items: ItemAsked, **fields: Any) -> ChangeRequest:
    """A change that waits for its delivery."""
    change = desk.ask(*items, **fields)
    desk.approve(change)
    change.refresh_from_db()
    desk.sandbox.forget_requests()
    return change


# Gets method, path and body; returns an answer, or None for the gateway's own.
Interception = Callable[[str, str, bytes], bytes | None]


@contextmanager
def fronted(desk: Desk, intercept: Interception) -> Iterator[None]:
    """Put something between us and the gateway that answers in its place."""

    def handler(connection: socket.socket, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        if (answer := intercept(method, path, body)) is None:
            theirs = requests.request(
                method,
                f"{desk.sandbox.admin_url}{path}",
                data=body,
                headers={"X-API-KEY": desk.sandbox.key},
                timeout=LONG,
            )
            answer = http(theirs.status_code, theirs.content)
        connection.sendall(answer)

    with evil(handler) as server:
        desk.gateway.admin_url = server.url
        desk.gateway.set_admin_key(desk.sandbox.key)
        desk.gateway.save()
        yield


def delivery_of(change: ChangeRequest) -> Delivery:
    """The change's delivery as it is now."""
    return Delivery.objects.get(revision=change.latest_revision())


def time_passes(change: ChangeRequest) -> None:
    """Let what the delivery waits for be over: its back-off, or its worker's lease."""
    past = timezone.now() - timedelta(seconds=1)
    mine = Delivery.objects.filter(revision__change=change)
    mine.filter(not_before__isnull=False).update(not_before=past)
    mine.filter(lease_expires_at__isnull=False).update(
        lease_expires_at=timezone.now() - timedelta(minutes=1)
    )


def limit_is_reached(change: ChangeRequest) -> None:
    """Let the delivery have been tried for longer than it may."""
    time_passes(change)
    Delivery.objects.filter(revision__change=change).update(
        trying_since=timezone.now() - timedelta(days=1)
    )


def sent(desk: Desk) -> list[str]:
    """The write requests that the gateway received: `PUT routes/x`."""
    return [
        f"{request['method']} {request['path'].removeprefix('/apisix/admin/')}"
        for request in desk.writes()
    ]


def steps_of(change: ChangeRequest) -> list[tuple[str, str]]:
    """What was done, in order: kind of step and its outcome."""
    steps = Step.objects.filter(attempt__delivery__revision__change=change)
    return [(step.kind, step.outcome) for step in steps.order_by("pk")]


def events_of(change: ChangeRequest) -> list[str]:
    """The names of the change's audit events, in order; the chain must hold."""
    assert list(problems()) == []
    events = AuditEvent.objects.filter(
        subject_type="change", subject_id=str(change.pk)
    ).order_by("number")
    return [event.event for event in events]
