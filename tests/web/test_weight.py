"""What a browser transfers for each page that grows, where there is very much to show."""

import gzip
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from gateway.models import Gateway, Resource
from portal.audit.events import Event
from portal.audit.ledger import record
from portal.changes.models import ChangeRequest, Comment
from portal.changes.states import State
from portal.notifications.models import Notification, Topic
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.factories import (
    Cast,
    item,
    make_change,
    make_delivery,
    route_document,
)
from tests.web.conftest import sign_in
from tests.web.visits import WEIGHT, WITH_EDITOR

pytestmark = pytest.mark.django_db

__all__ = ["desk"]

ROUTES, ITEMS, EVENTS, COMMENTS = 10_000, 1_200, 500, 400
MOVED = 500
GATEWAY = "/gateways/default"


def test_each_page_that_grows_stays_light(
    people: Cast, gateway: Gateway, subtests: pytest.Subtests
) -> None:
    _hold_routes(gateway)
    large = _asked(gateway, people, State.IN_REVIEW)
    failed = _asked(gateway, people, State.FAILED)
    make_delivery(failed, state="failed", outcome="The gateway refused it.")
    _notify(people)
    client = sign_in(people.admin)
    change = f"/changes/{large.number}/"
    for address in (
        "/",
        "/inbox/",
        "/changes/?state=all",
        change,
        f"{change}?part=7&code=timeouts",
        f"{change}?until=200",
        f"{change}items/600/",
        f"{change}print/",
        f"{change}print/?part=9",
        f"/changes/{failed.number}/",
        "/audit/",
        f"/audit/?change={large.number}",
        "/audit/100/",
        "/gateways/",
        f"{GATEWAY}/",
        f"{GATEWAY}/routes/",
        f"{GATEWAY}/routes/?sort=name&q=service",
        f"{GATEWAY}/routes/r00001/",
        f"{GATEWAY}/topology/",
        f"{GATEWAY}/simulator/?change={large.number}",
        f"{GATEWAY}/drift/?state=all",
        "/checks/",
        "/roles/",
    ):
        with subtests.test(address):
            assert 10_000 < weight(client, address) < WEIGHT
    with subtests.test("editor"):
        assert WEIGHT / 2 < weight(client, "/ask/?as=json") < WITH_EDITOR


def test_a_conflict_of_many_stays_light(desk: Desk) -> None:
    """Each of them moved, and each has something to choose."""
    documents = {f"r{number:05}": _document(number) for number in range(MOVED)}
    for resource_id, document in documents.items():
        desk.sandbox.put(
            "route", resource_id, document | {"desc": "Theirs", "priority": 7}
        )
    change = make_change(
        gateway=desk.gateway,
        author=desk.people.alice,
        state=State.CONFLICTED,
        items=[
            item(
                "update",
                resource_id=resource_id,
                base=document | {"id": resource_id},
                wanted=document | {"id": resource_id, "desc": "Ours"},
            )
            for resource_id, document in documents.items()
        ],
    )
    client = sign_in(desk.people.alice)

    page = client.get(change.get_absolute_url()).content.decode()

    assert page.count('value="theirs" required') == MOVED
    assert weight(client, change.get_absolute_url()) < WEIGHT


def weight(client: Client, address: str) -> int:
    """Return how many bytes come for a page with all that it loads, compressed."""
    response = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response["Content-Encoding"] == "gzip"
    page = gzip.decompress(response.content).decode()
    return len(response.content) + sum(map(_compressed, _parts_of(page)))


def _parts_of(page: str) -> set[str]:
    """Return the files of ours that a page names: all that it loads."""
    return set(re.findall(r'(?:src|href|data-[a-z]+)="/static/([^"#]+)', page))


@cache
def _compressed(name: str) -> int:
    path = finders.find(name)
    assert path, name
    return len(gzip.compress(Path(path).read_bytes()))


def _document(number: int) -> dict[str, Any]:
    return route_document(
        name=f"Service {number % 97} of host {number % 500}",
        desc="What the shop's apps ask when somebody opens a basket.",
        uri=f"/api/v{number % 3}/service{number}/*",
        hosts=[f"h{number % 500}.example.com"],
        labels={"team": ("shop", "pay", "search")[number % 3], "n": str(number)},
        plugins={
            "limit-count": {"count": 100 + number, "time_window": 60},
            ("key-auth", "jwt-auth")[number % 2]: {},
        },
    )


def _hold_routes(gateway: Gateway) -> None:
    """Let the mirror hold so many routes."""
    Resource.objects.bulk_create(
        (
            Resource(
                gateway=gateway,
                kind="route",
                resource_id=f"r{number:05}",
                document=_document(number),
                sealed=b"",
                digest="",
            )
            for number in range(ROUTES)
        ),
        batch_size=500,
    )


def _asked(gateway: Gateway, people: Cast, state: State) -> ChangeRequest:
    """A change of so many items, with two findings each; talked about at length."""
    items = [
        item(
            ("create", "update", "delete")[number % 3],
            resource_id=f"r{number:05}",
            base=_document(number) if number % 3 else None,
            wanted=_document(number + 1) if number % 3 != 2 else None,
        )
        for number in range(ITEMS)
    ]
    found = {"path": "upstream.timeout", "mend": "Set what the upstream needs."}
    findings = [
        found | {"item": number, "code": code, "severity": severity, "words": words}
        for number in range(ITEMS)
        for code, severity, words in (
            ("timeouts", "warning", "A slow upstream holds its connections."),
            ("route_overlaps", "info", f"Route r{number} would come before route r7."),
        )
    ]
    change = make_change(
        gateway=gateway,
        author=people.alice,
        state=state,
        items=items,
        findings=findings,
    )
    Comment.objects.bulk_create(
        Comment(
            change=change,
            author=people.omar,
            text=f"> Is it so, {number}?\n\n@alice, it is. Why would it not be?\n" * 9,
        )
        for number in range(COMMENTS)
    )
    for _ in range(EVENTS // 2):
        record(Event.CHANGE_COMMENTED, actor=present(people.omar), subject=change)
    return change


def _notify(people: Cast) -> None:
    Notification.objects.bulk_create(
        Notification(
            person=people.admin,
            key=f"event:{number}",
            topic=Topic.COMMENTED,
            words="omar commented",
            label=f"#{number} A change with a rather long title, as they are",
            path="/changes/",
        )
        for number in range(EVENTS)
    )
