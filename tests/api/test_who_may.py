"""Every door for programs, by tokens that reach too little: nothing is told or stored."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from gateway.models import Gateway
from portal.accounts.models import Scope
from portal.accounts.roles import Role
from portal.changes.models import ImportFile
from portal.changes.states import State
from portal.drift.models import Drift
from tests.api.conftest import Program, assert_problem, program_of, stored
from tests.factories import (
    Cast,
    make_change,
    make_delivery,
    make_drift,
    make_gateway,
    make_person,
    make_resource,
)

PICKED = [{"kind": "route", "id": "r1"}]
TRIED = {"method": "GET", "url": "http://shop.example.com/a"}
FILE = "a file"
# What it takes, its method and address, and what is sent; %s is a gateway, %d a change.
READING: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/simulate", {"gateway": "%s", "request": TRIED}),
    ("POST", "/api/simulate", {"change": "%d", "request": TRIED}),
    ("GET", "/api/schemas/route?gateway=%s", None),
    ("GET", "/api/gateways/%s/drift", None),
    ("GET", "/api/gateways/%s/export?format=apisix", None),
    ("GET", "/api/gateways/%s/imports/1", None),
)
ASKING: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/changes/%d/rollback", {"reason": "So."}),
    ("POST", "/api/changes/%d/rebase", {}),
    ("POST", "/api/gateways/%s/drift/1", {"action": "revert", "reason": "So."}),
    ("POST", "/api/gateways/%s/import", FILE),
    (
        "POST",
        "/api/gateways/%s/promote",
        {"from": "mine", "items": PICKED, "reason": "So."},
    ),
    (
        "POST",
        "/api/gateways/mine/promote",
        {"from": "%s", "items": PICKED, "reason": "So."},
    ),
    (
        "POST",
        "/api/gateways/mine/promote",
        {"from": "mine", "change": "%d", "reason": "So."},
    ),
)
CHECKS = ("GET", "/api/checks", None)


@pytest.fixture
def secret_place(people: Cast) -> Gateway:
    """A gateway with all there can be, which not everybody may see."""
    gateway = make_gateway("secret-place", admin_url="http://127.0.0.1:1")
    make_gateway("mine", admin_url="http://127.0.0.1:1")
    make_resource(gateway, resource_id="r1")
    change = make_change(
        gateway=gateway, author=people.alice, state=State.APPLIED, pk=7
    )
    make_delivery(change)
    make_drift(gateway, pk=1)
    ImportFile.objects.create(
        gateway=gateway,
        author=people.alice,
        format="apisix",
        reason="x",
        request_digest="x",
        size=1,
        pk=1,
    )
    return gateway


def send(
    program: Program, method: str, path: str, sent: Any, *, slug: str, number: int
) -> HttpResponse:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(one) for name, one in value.items()}
        return (
            {"%s": slug, "%d": number}.get(value, value)
            if value in ("%s", "%d")
            else value
        )

    address = path.replace("%s", slug).replace("%d", str(number))
    if sent == FILE:
        form = {
            "file": SimpleUploadedFile("g.yaml", b"routes: []\n#END\n"),
            "format": "apisix",
            "reason": "So.",
        }
        headers = {"Authorization": f"Bearer {program.secret}"}
        return Client().post(address, form, headers=headers)
    return program.send(method, address, filled(sent))


def at_secret_place(program: Program, door: tuple[str, str, Any]) -> HttpResponse:
    return send(program, *door, slug="secret-place", number=7)


def at_no_place(program: Program, door: tuple[str, str, Any]) -> HttpResponse:
    return send(program, *door, slug="no-such-place", number=8)


def without_names(answer: HttpResponse) -> str:
    """What an answer tells besides what was asked for, and its own number."""
    told = {
        k: v for k, v in answer.json().items() if k not in {"request_id", "instance"}
    }
    return re.sub(r"secret-place|no-such-place|#7|#8", "…", str(told))


@pytest.mark.parametrize("door", [*READING, *ASKING, CHECKS])
def test_a_token_of_somebody_inactive_is_none(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    program = program_of(people.admin)
    people.admin.is_active = False
    people.admin.save()
    before = stored()

    answer = at_secret_place(program, door)

    assert_problem(answer, 401)
    assert "secret-place" not in answer.json()["detail"]
    assert stored() == before


@pytest.mark.parametrize("door", ASKING)
def test_a_token_that_only_reads_asks_for_nothing(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    before = stored()

    body = assert_problem(
        at_secret_place(program_of(people.admin, Scope.READ), door), 403, "not_allowed"
    )

    assert Scope.PROPOSE in body["detail"]
    assert stored() == before


@pytest.mark.parametrize("door", [*READING, CHECKS])
def test_a_token_that_only_asks_reads_nothing(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    asker = program_of(people.admin, Scope.PROPOSE)

    body = assert_problem(at_secret_place(asker, door), 403, "not_allowed")

    assert Scope.READ in body["detail"]


@pytest.mark.parametrize("door", ASKING)
def test_a_token_that_only_asks_learns_nothing_by_asking(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    asker = program_of(people.admin, Scope.PROPOSE)
    before = stored()

    there, nowhere = at_secret_place(asker, door), at_no_place(asker, door)

    assert there.status_code in (403, 404)
    assert (there.status_code, without_names(there)) == (
        nowhere.status_code,
        without_names(nowhere),
    )
    assert stored() == before


@pytest.mark.parametrize("door", [*READING, *ASKING])
def test_what_one_may_not_see_is_as_if_it_were_not(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    mine = Gateway.objects.get(slug="mine")
    elsewhere = program_of(make_person("eve", Role.ADMINISTRATOR, gateway=mine))
    before = stored()

    there, nowhere = at_secret_place(elsewhere, door), at_no_place(elsewhere, door)

    assert_problem(there, 404)
    assert (there.status_code, without_names(there)) == (
        nowhere.status_code,
        without_names(nowhere),
    )
    assert stored() == before
    assert Drift.objects.get().change is None


@pytest.mark.parametrize("door", [*READING, *ASKING])
def test_who_has_no_role_at_all_learns_nothing(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    nobody = program_of(make_person("nobody"))

    there, nowhere = at_secret_place(nobody, door), at_no_place(nobody, door)

    assert there.status_code in (403, 404)
    assert without_names(there) == without_names(nowhere)


@pytest.mark.parametrize("door", ASKING)
def test_a_role_that_only_reads_asks_for_nothing(
    people: Cast, secret_place: Gateway, door: tuple[str, str, Any]
) -> None:
    before = stored()

    answer = at_secret_place(program_of(people.audrey), door)

    assert answer.status_code in (400, 403), answer.content
    assert stored() == before


def test_nobody_s_draft_is_told_to_others(people: Cast, secret_place: Gateway) -> None:
    make_change(
        gateway=secret_place, author=people.alice, state=State.DRAFT, pk=9, title="Hush"
    )
    riley = program_of(people.riley)

    for method, path, sent in (*READING, *ASKING):
        if "%d" in f"{path}{sent}":
            answer = send(riley, method, path, sent, slug="secret-place", number=9)
            assert_problem(answer, 404)
            assert "Hush" not in answer.content.decode()


def test_a_file_is_told_to_its_sender_alone(
    people: Cast, secret_place: Gateway
) -> None:
    door = "/api/gateways/secret-place/imports/1"

    assert program_of(people.alice).get(door).status_code == 200
    for other in (people.riley, people.admin, people.audrey):
        assert_problem(program_of(other).get(door), 404)
