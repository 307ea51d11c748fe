"""People say at the portal how a change proves itself; a revision may say otherwise."""

import re

import pytest
from django.test import Client

from portal.changes.models import ChangeRequest
from portal.changes.probe import Probe
from portal.changes.review import request_changes
from portal.changes.terms import Terms
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import route
from tests.web.asking.test_ask import ROUTE, as_json
from tests.web.conftest import sign_in

__all__ = ["desk"]

# What an untouched form sends.
NONE = {
    "probe-path": "",
    "probe-method": "GET",
    "probe-host": "",
    "probe-headers": "",
    "probe-status": "200",
    "probe-contains": "",
}
TYPED = {
    "probe-path": "/speaker/1?lang=en",
    "probe-method": "OPTIONS",
    "probe-host": "api.example.com",
    "probe-headers": "X-Try: 1\r\nAccept: text/plain: x\r\n",
    "probe-status": "204",
    "probe-contains": " Ada\r\nLovelace",
    "probe-take_back": "on",
}
PROBE = Probe(
    path="/speaker/1?lang=en",
    method="OPTIONS",
    host="api.example.com",
    headers={"X-Try": "1", "Accept": "text/plain: x"},
    status=204,
    contains=" Ada\nLovelace",
    take_back=True,
)


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def probe_of(change: ChangeRequest) -> Probe | None:
    return change.latest_revision().terms.probe


def sent_back(desk: Desk) -> ChangeRequest:
    """A change with a probe, of which a reviewer wants a new revision."""
    change = desk.ask(route("a"), terms=Terms(probe=PROBE))
    request_changes(
        change.latest_revision(), actor=present(desk.people.riley), comment="Hm."
    )
    return change


def revise(alice: Client, change: ChangeRequest, **typed: str) -> None:
    item = {"id": "a", "document": {"uri": "/b", "upstream": {"nodes": {"h:1": 1}}}}
    data = as_json(item, do="send") | typed
    assert alice.post(f"{change.get_absolute_url()}revise/", data).status_code == 302
    assert change.latest_revision().number == 2


@pytest.mark.parametrize("do", ["send", "draft"])
def test_the_form_sets_it(alice: Client, do: str) -> None:
    alice.post("/changes/new/", ROUTE | TYPED | {"do": do})

    assert probe_of(ChangeRequest.objects.get()) == PROBE


def test_without_a_path_nothing_is_asked(alice: Client) -> None:
    alice.post("/changes/new/", ROUTE | NONE | {"do": "send"})

    assert probe_of(ChangeRequest.objects.get()) is None


def test_the_reviewer_reads_what_it_says(alice: Client, desk: Desk) -> None:
    alice.post("/changes/new/", ROUTE | TYPED | {"do": "send"})

    change = ChangeRequest.objects.get()
    page = sign_in(desk.people.riley).get(change.get_absolute_url()).content.decode()
    assert "OPTIONS /speaker/1?lang=en at host api.example.com" in page
    assert "taken back</span>, where nobody changed it since" in page


def test_a_revision_begins_with_it(alice: Client, desk: Desk) -> None:
    change = sent_back(desk)

    form = alice.get(f"{change.get_absolute_url()}revise/").content.decode()

    assert '<details class="more" open>' in form
    assert 'name="probe-path" value="/speaker/1?lang=en"' in form
    assert '<option value="OPTIONS" selected>' in form
    assert "X-Try: 1\nAccept: text/plain: x</textarea>" in form
    assert 'name="probe-status" value="204"' in form
    assert re.search(r'name="probe-take_back"[^>]* checked', form)


def test_a_revision_changes_it(alice: Client, desk: Desk) -> None:
    change = sent_back(desk)

    revise(alice, change, **(NONE | {"probe-path": "/a"}))

    assert probe_of(change) == Probe(path="/a", status=200)


def test_a_revision_removes_it(alice: Client, desk: Desk) -> None:
    change = sent_back(desk)

    revise(alice, change, **NONE)

    assert probe_of(change) is None


def test_one_more_resource_keeps_what_was_typed(alice: Client) -> None:
    data = as_json({"document": "{}"}, do="add") | TYPED

    form = alice.post("/changes/new/", data).content.decode()

    assert 'name="probe-path" value="/speaker/1?lang=en"' in form
    assert "X-Try: 1" in form
    assert re.search(r'name="probe-take_back"[^>]* checked', form)


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("path", "speaker", "from its first slash on"),
        ("path", "/a?apikey=1", "may hold a secret"),
        ("path", "/" + "a" * 2000, "at most 2000"),
        ("path", "/\x00", "Null characters"),
        ("method", "PUT", "not one of the available choices"),
        ("host", "a b", "without a port"),
        ("headers", "X-Try", "Line 1 has no colon"),
        ("headers", "Authorization: Bearer x", "Authorization: This may hold a secret"),
        ("headers", "Host: a.test", "Host: Gatehouse sets this header itself"),
        ("headers", ": a", "needs a name of its own"),
        ("status", "soon", "Give the status of an answer"),
        ("status", "", "Give the status to expect"),
        ("status", "99", "200 to 599"),
        ("status", "9" * 30, "200 to 599"),
        ("contains", "x" * 501, "at most 500"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "send"])
def test_what_is_wrong_is_said_beside_its_field(
    alice: Client, field: str, wrong: str, words: str, do: str
) -> None:
    data = ROUTE | NONE | {"do": do, "probe-path": "/a", f"probe-{field}": wrong}

    response = alice.post("/changes/new/", data)

    assert response.status_code == 400
    errors = response.context["asking"].probe.errors
    assert list(errors) == [field]
    assert words in str(errors[field])
    page = response.content.decode()
    assert f'id="id_probe-{field}_error"' in page
    assert '<details class="more" open>' in page
    assert not ChangeRequest.objects.exists()


def test_all_that_is_wrong_is_said_at_once(alice: Client) -> None:
    wrong = {
        "probe-path": "speaker",
        "probe-method": "HEAD",
        "probe-host": "a b",
        "probe-headers": "Authorization: x\nHost: a.test",
        "probe-status": "soon",
        "probe-contains": "Ada",
    }

    response = alice.post("/changes/new/", ROUTE | NONE | wrong | {"do": "preview"})

    errors = response.context["asking"].probe.errors
    assert set(errors) == {"path", "host", "headers", "status", "contains"}
    assert [words.partition(":")[0] for words in errors["headers"]] == [
        "Authorization",
        "Host",
    ]


def test_without_a_path_the_rest_is_judged_too(alice: Client) -> None:
    wrong = {"probe-host": "a b", "probe-status": ""}

    response = alice.post("/changes/new/", ROUTE | NONE | wrong | {"do": "preview"})

    errors = response.context["asking"].probe.errors
    assert set(errors) == {"path", "host", "status"}


@pytest.mark.parametrize("field", ["host", "headers", "contains", "take_back"])
def test_a_probe_without_a_path_is_not_dropped_silently(
    alice: Client, field: str
) -> None:
    given = {f"probe-{field}": TYPED[f"probe-{field}"]}

    response = alice.post("/changes/new/", ROUTE | NONE | given | {"do": "send"})

    assert response.status_code == 400
    assert "Give the path to ask for" in response.content.decode()
    assert not ChangeRequest.objects.exists()


def test_a_body_is_not_expected_of_a_head(alice: Client) -> None:
    wrong = {"probe-method": "HEAD"}

    response = alice.post("/changes/new/", ROUTE | TYPED | wrong | {"do": "send"})

    assert response.status_code == 400
    assert "has no body" in str(response.context["asking"].probe.errors["contains"])
