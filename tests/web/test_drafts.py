"""A draft is its author's own until it is sent: no page shows it to anybody else."""

import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Item, Revision
from portal.changes.propose import draft
from tests.actors import present
from tests.api.conftest import program_of
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import route
from tests.web.conftest import sign_in

__all__ = ["desk"]

# In title, reason and document: whatever is shown of it holds the word.
WORD = "xylophone"


@pytest.fixture
def unsent(desk: Desk) -> ChangeRequest:
    asked = desk.asked(route(f"{WORD}-1", desc=WORD), title=WORD)
    return draft(asked, actor=present(desk.people.alice)).change


@pytest.fixture
def addresses(unsent: ChangeRequest) -> list[str]:
    entry, number = AuditEvent.objects.get(), unsent.number
    revision, item = Revision.objects.get(), Item.objects.get()
    return [
        "/",
        "/changes/",
        f"/changes/?search={WORD}",
        "/changes/?state=draft",
        f"/changes/{number}/",
        f"/changes/{number}/revise/",
        f"/changes/{number}/rebase/",
        "/gateways/",
        "/gateways/default/routes/",
        f"/gateways/default/routes/{WORD}-1/",
        "/audit/",
        f"/audit/?change={number}",
        f"/audit/{entry.number}/",
        "/admin/",
        "/admin/changes/changerequest/",
        f"/admin/changes/changerequest/{number}/change/",
        "/admin/changes/revision/",
        f"/admin/changes/revision/{revision.pk}/change/",
        "/admin/changes/item/",
        f"/admin/changes/item/{item.pk}/change/",
    ]


def leaks(client: Client, addresses: list[str]) -> list[str]:
    """The addresses that tell of it: by the word, or by being there at all."""
    return [
        address
        for address in addresses
        if WORD in client.get(address).content.decode().replace(address, "")
    ]


@pytest.mark.parametrize("name", ["riley", "omar"])
def test_nobody_else_is_shown_it(desk: Desk, addresses: list[str], name: str) -> None:
    assert leaks(sign_in(getattr(desk.people, name)), addresses) == []


@pytest.mark.parametrize("name", ["audrey", "admin"])
def test_who_reads_the_whole_ledger_finds_it_there_alone(
    desk: Desk, addresses: list[str], name: str
) -> None:
    told = leaks(sign_in(getattr(desk.people, name)), addresses)

    assert [address for address in told if "/audit/" not in address] == []


def test_others_do_not_count_it(desk: Desk, unsent: ChangeRequest) -> None:
    def counted(name: str) -> int:
        page = sign_in(getattr(desk.people, name)).get("/gateways/")
        return int(page.context["list"].rows[0]["open_changes"])

    assert [counted(name) for name in ("alice", "riley", "admin")] == [1, 0, 0]


def test_its_author_finds_it(desk: Desk, addresses: list[str]) -> None:
    told = leaks(sign_in(desk.people.alice), addresses)

    assert {"/", "/changes/", "/audit/", addresses[4], addresses[9]} <= {*told}


def test_programs_do_not_find_it(desk: Desk, unsent: ChangeRequest) -> None:
    number, riley = unsent.number, program_of(desk.people.riley)

    for path in ("/api/changes", f"/api/changes?search={WORD}"):
        assert WORD not in riley.get(path).content.decode()
    for answer in (
        riley.get(f"/api/changes/{number}"),
        riley.post(f"/api/changes/{number}/rebase", {}),
        riley.post(f"/api/changes/{number}/withdraw", {}),
    ):
        assert answer.status_code == 404
