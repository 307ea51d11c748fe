"""Every kind is created, changed and deleted by people, from its list page on."""

import html
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.test import Client

from gateway.kinds import KINDS
from gateway.merge import merge_patch
from gateway.mirror import refresh
from gateway.models import Catalogue
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.changes.offered import NAMED_BY_AUTHOR
from portal.changes.states import State
from tests.changes.conftest import Desk
from tests.every_kind import KIND_NAMES, example
from tests.factories import make_cast, make_live_gateway
from tests.sandbox import SandboxGateway
from tests.web.conftest import sign_in

WHY = {"gateway": "default", "reason": "The shop needs it.", "title": ""}


@pytest.fixture(scope="module")
def stream_server() -> Iterator[SandboxGateway]:
    """A sandbox that takes stream routes, too."""
    gateway = SandboxGateway(stream=True)
    yield gateway
    gateway.close()


@pytest.fixture
def desk(db: None, stream_server: SandboxGateway) -> Desk:
    """A desk that knows the gateway's schemas."""
    stream_server.reset()
    gateway = make_live_gateway(stream_server)
    refresh(gateway)
    return Desk(gateway, stream_server, make_cast())


def links(page: str) -> dict[str, str]:
    """Return {what a link says, or is called: where it leads}."""
    found = {}
    for attributes, inside in re.findall(r"<a ([^>]*)>(.*?)</a>", page, re.DOTALL):
        called = re.search(r'aria-label="([^"]*)"', attributes)
        words = called[1] if called else re.sub(r"<[^>]*>", "", inside)
        href = re.search(r'href="([^"]*)"', attributes)
        found[" ".join(html.unescape(words).split())] = html.unescape(
            href[1] if href else ""
        )
    return found


def opened(client: Client, address: str) -> tuple[dict[str, str], str]:
    """Return what the one JSON form of a page holds, and the page."""
    response = client.get(address)
    assert response.status_code == 200
    (form,) = response.context["asking"].items
    held = {name: str(form[name].value() or "") for name in form.fields}
    return held, response.content.decode()


def sent(client: Client, desk: Desk, form: dict[str, str]) -> None:
    """Send the form, approve the change and deliver it."""
    data = WHY | {"as": "json", "count": "1", "do": "send"}
    data |= {f"item-0-{name}": value for name, value in form.items()}
    response = client.post("/changes/new/", data)
    assert response.status_code == 302, response.context["asking"].all[-1].errors
    change = ChangeRequest.objects.latest("number")
    desk.approve(change)
    assert desk.deliver(change).state == State.APPLIED


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_it_is_created_changed_and_deleted_from_its_list(kind: str, desk: Desk) -> None:
    one, alice = example(kind), sign_in(desk.people.alice)
    title = KINDS[kind].title
    list_page = f"/gateways/default/{KINDS[kind].path}/"
    for needed in one.needs:
        desk.sandbox.put(needed.kind, needed.id, needed.document)

    new = links(alice.get(list_page).content.decode())[f"New {title.lower()}"]
    if kind == "route":
        # The route's own form comes first; this is its neighbour.
        new = "/changes/new/?gateway=default&kind=route"
    form, _ = opened(alice, new)
    assert (form["action"], form["kind"]) == ("create", kind)
    assert orjson.loads(form["document"]).keys() >= one.document.keys()
    document = orjson.dumps(one.document).decode()
    sent(alice, desk, form | {"id": one.id, "document": document})
    stored = desk.sandbox.get(kind, one.id)
    assert stored is not None

    beside = links(alice.get(list_page).content.decode())
    (change,) = (to for name, to in beside.items() if name.startswith("Change "))
    # As above, of the route's own form the neighbour.
    form, _ = opened(alice, change.replace("&as=route", ""))
    assert (form["action"], form["kind"], form["id"]) == ("replace", kind, one.id)
    edited = merge_patch(orjson.loads(form["document"]), one.edit)
    # A private key is never read back, so whoever edits a certificate brings it.
    edited |= {
        name: one.document[name]
        for name in KINDS[kind].write_only & one.document.keys()
    }
    sent(alice, desk, form | {"document": orjson.dumps(edited).decode()})
    assert without_times(desk.sandbox.get(kind, one.id)) == without_times(
        merge_patch(stored, one.edit)
    )

    beside = links(alice.get(list_page).content.decode())
    (delete,) = (to for name, to in beside.items() if name.startswith("Delete "))
    form, _ = opened(alice, delete)
    assert form["action"] == "delete"
    sent(alice, desk, form)
    assert desk.sandbox.get(kind, one.id) is None


def without_times(document: dict[str, Any] | None) -> dict[str, Any]:
    assert document is not None
    return {k: v for k, v in document.items() if not k.endswith("_time")}


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_form_says_what_the_kind_takes(kind: str, desk: Desk) -> None:
    alice = sign_in(desk.people.alice)

    _, page = opened(alice, f"/changes/new/?gateway=default&kind={kind}")

    plain = html.unescape(page)
    assert NAMED_BY_AUTHOR.get(kind, "chosen when left out") in plain
    if kind in {"plugin_metadata", "secret"}:
        assert "schema" in plain
        assert "the gateway's own schema</summary>" not in plain
    else:
        assert f"What a {KINDS[kind].title.lower()} takes" in plain
        assert '"additionalProperties": false' in plain


def test_one_may_begin_with_any_kind(desk: Desk) -> None:
    alice = sign_in(desk.people.alice)
    found = links(alice.get("/changes/new/?as=json").content.decode())

    for kind in KINDS.values():
        form, _ = opened(alice, found[kind.title])
        assert form["kind"] == kind.name
        assert orjson.loads(form["document"])


def test_a_kind_chosen_in_the_form_is_told_of_when_it_comes_back(desk: Desk) -> None:
    alice = sign_in(desk.people.alice)
    data = WHY | {"as": "json", "count": "1", "item-0-document": "{"}

    page = alice.post(
        "/changes/new/",
        data | {"do": "preview", "item-0-action": "create", "item-0-kind": "secret"},
    )

    assert page.status_code == 400
    assert "vault/ID, aws/ID or gcp/ID" in page.content.decode()


@pytest.mark.parametrize("kind", ["", "nonsense", "route\x00"])
def test_a_kind_that_there_is_not_breaks_nothing(kind: str, desk: Desk) -> None:
    alice = sign_in(desk.people.alice)

    page = alice.get("/changes/new/", {"gateway": "default", "kind": kind})

    assert page.status_code == 200


def test_before_anything_was_read_the_form_says_so(desk: Desk) -> None:
    Catalogue.objects.all().delete()

    _, page = opened(sign_in(desk.people.alice), "/changes/new/?kind=service")

    assert "was not read from this gateway yet" in page


def test_who_may_not_ask_sees_no_way_to(desk: Desk) -> None:
    desk.sandbox.put("service", "one-service", example("service").document)
    refresh(desk.gateway)
    page = sign_in(desk.people.audrey).get("/gateways/default/services/")

    assert "hello" in page.content.decode()
    assert not [
        name
        for name in links(page.content.decode())
        if name.startswith(("New ", "Change ", "Delete "))
    ]


def test_an_operator_has_the_schemas_read_again(desk: Desk) -> None:
    omar = sign_in(desk.people.omar)
    before = Catalogue.objects.get()
    before.document["plugins"].pop("limit-count")
    before.fetched_at = before.fetched_at.replace(year=2000)
    before.save()
    desk.sandbox.forget_requests()

    page = omar.get("/gateways/default/").content.decode()
    assert 'action="/gateways/default/schemas/"' in page
    answer = omar.post("/gateways/default/schemas/", follow=True)

    assert "Read 11 kinds and" in answer.content.decode()
    assert "limit-count" in Catalogue.objects.get().document["plugins"]
    assert desk.sandbox.requests("GET", "/apisix/admin/schema/route")
    assert not desk.writes()


@pytest.mark.parametrize("name", ["alice", "riley", "audrey"])
def test_nobody_else_has_them_read(desk: Desk, name: str) -> None:
    client = sign_in(getattr(desk.people, name))
    desk.sandbox.forget_requests()

    page = client.get("/gateways/default/").content.decode()
    answer = client.post("/gateways/default/schemas/")

    assert "Read schemas again" not in page
    assert answer.status_code == 403
    assert desk.sandbox.requests() == []
    assert not AuditEvent.objects.exists()


def test_a_gateway_that_is_down_is_said_and_what_is_kept_stays(desk: Desk) -> None:
    kept = Catalogue.objects.get().fetched_at
    desk.sandbox.stop()
    try:
        answer = sign_in(desk.people.omar).post("/gateways/default/schemas/")
    finally:
        desk.sandbox.start()

    assert answer.status_code == 503
    assert "Try again when it answers" in answer.content.decode()
    assert Catalogue.objects.get().fetched_at == kept
