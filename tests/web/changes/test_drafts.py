"""A draft is its author's own until it is sent: no page shows it to anybody else.

Nor when it is thrown away.
"""

import re

import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest, Item, Revision, SpecImport
from portal.changes.propose import draft, revise
from portal.changes.review import add_comment, withdraw
from tests.actors import present
from tests.api.conftest import program_of
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import route
from tests.web.conftest import sign_in

__all__ = ["desk"]

# In title, reason and document: whatever is shown of it holds the word.
WORD = "xylophone"


@pytest.fixture(params=["kept", "thrown away"])
def unsent(desk: Desk, request: pytest.FixtureRequest) -> ChangeRequest:
    asked = desk.asked(route(f"{WORD}-1", desc=WORD), title=WORD)
    alice = present(desk.people.alice)
    change = draft(asked, actor=alice).change
    SpecImport.objects.create(
        change=change, gateway=desk.gateway, spec="s", title=WORD, sealed=b""
    )
    if request.param == "thrown away":
        return withdraw(change, actor=alice, comment=WORD)
    return change


@pytest.fixture
def addresses(unsent: ChangeRequest) -> list[str]:
    entries, number = AuditEvent.objects.all(), unsent.number
    revision, item = Revision.objects.get(), Item.objects.get()
    return [
        "/",
        "/changes/",
        f"/changes/?state=all&q={WORD[:5]}",
        "/changes/?state=all",
        "/changes/?state=declined",
        f"/changes/{number}/",
        f"/changes/{number}/revise/",
        f"/changes/{number}/rebase/",
        "/gateways/",
        "/gateways/default/routes/",
        f"/gateways/default/routes/{WORD}-1/",
        "/audit/",
        f"/audit/?change={number}",
        *(f"/audit/{entry.number}/" for entry in entries),
        "/admin/",
        "/admin/changes/changerequest/",
        f"/admin/changes/changerequest/{number}/change/",
        "/admin/changes/revision/",
        f"/admin/changes/revision/{revision.pk}/change/",
        "/admin/changes/item/",
        f"/admin/changes/item/{item.pk}/change/",
        "/admin/changes/specimport/",
        f"/admin/changes/specimport/{SpecImport.objects.get().pk}/change/",
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

    own = int(unsent.is_open)
    assert [counted(name) for name in ("alice", "riley", "admin")] == [own, 0, 0]


def test_its_author_finds_it(
    desk: Desk, unsent: ChangeRequest, addresses: list[str]
) -> None:
    told = leaks(sign_in(desk.people.alice), addresses)

    while_open = {"/", "/changes/"} if unsent.is_open else {"/changes/?state=declined"}
    assert while_open | {"/audit/", addresses[5], addresses[10]} <= {*told}


def test_there_is_nobody_to_talk_to(desk: Desk, unsent: ChangeRequest) -> None:
    alice = present(desk.people.alice)
    page = sign_in(desk.people.alice).get(f"/changes/{unsent.number}/")
    assert f"/changes/{unsent.number}/comment/" not in page.content.decode()

    with pytest.raises(WrongState, match="Send it first"):
        add_comment(unsent, actor=alice, text=WORD)

    assert not AuditEvent.objects.filter(event="change.commented").exists()


def test_what_was_sent_stays_in_sight_when_it_is_withdrawn(desk: Desk) -> None:
    alice = present(desk.people.alice)
    asked = desk.asked(route(f"{WORD}-1"), title=WORD)
    change = draft(asked, actor=alice).change
    revise(change, asked, actor=alice)
    change.refresh_from_db()
    withdraw(change, actor=alice)

    riley = sign_in(desk.people.riley)

    assert WORD in riley.get(f"/changes/{change.number}/").content.decode()
    assert WORD in riley.get("/audit/?event=change.withdrawn").content.decode()


def test_revisions_of_the_draft_are_no_part_of_the_conversation(desk: Desk) -> None:
    alice, riley = present(desk.people.alice), sign_in(desk.people.riley)
    asked = desk.asked(route("one"))
    change = draft(asked, actor=alice).change

    def wrote() -> list[str]:
        change.refresh_from_db()
        page = riley.get(change.get_absolute_url()).content.decode()
        return re.findall(r"asked for this|wrote revision \d", page)

    revise(change, asked, actor=alice)
    assert wrote() == ["asked for this"]

    revise(change, asked, actor=alice)
    assert wrote() == ["asked for this", "wrote revision 3"]


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
