"""Asking in the portal: by a form or as JSON, tried before it is sent."""

from collections.abc import Callable

import orjson
import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.changes.review import request_changes
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk, desk
from tests.factories import Cast, make_gateway, make_person, make_resource
from tests.web.conftest import sign_in

__all__ = ["desk"]

As = Callable[[str], Client]
WHY = {"gateway": "default", "reason": "The speakers' page needs it.", "title": ""}
ROUTE = WHY | {
    "as": "route",
    "uris": "/speaker/*",
    "upstream": "http://127.0.0.1:8000",
    "methods": ["GET", "POST"],
    "host": "",
    "name": "conference",
}
DOCUMENT = {
    "uri": "/speaker/*",
    "upstream": {"type": "roundrobin", "nodes": {"127.0.0.1:8000": 1}},
}


def as_json(*items: dict[str, object], **fields: str) -> dict[str, object]:
    """What the JSON form sends."""
    data: dict[str, object] = WHY | {"as": "json", "count": str(len(items))} | fields
    for index, item in enumerate(items):
        for name, value in (
            {"action": "create", "kind": "route", "id": ""} | item
        ).items():
            data[f"item-{index}-{name}"] = (
                value if isinstance(value, str) else orjson.dumps(value).decode()
            )
    return data


@pytest.fixture
def people(desk: Desk) -> Cast:
    return desk.people


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def test_a_newcomer_asks_for_a_route(alice: Client, desk: Desk) -> None:
    response = alice.post(
        "/changes/new/",
        ROUTE
        | {
            "do": "send",
            "protect-require-key": "on",
            "protect-limit-rate": "on",
            "protect-limit-rate.requests": "100",
        },
        follow=True,
    )

    change = ChangeRequest.objects.get()
    assert response.redirect_chain[-1][0] == change.get_absolute_url()
    assert (change.author, change.channel, change.state) == (
        desk.people.alice,
        "portal",
        State.IN_REVIEW,
    )
    wanted = change.latest_revision().items.get().wanted
    assert wanted["uri"] == "/speaker/*"
    assert wanted["methods"] == ["GET", "POST"]
    assert wanted["plugins"]["limit-count"]["count"] == 100
    assert "key-auth" in wanted["plugins"]
    assert AuditEvent.objects.get().channel == "portal"
    assert desk.writes() == []


def test_a_preview_shows_the_difference_and_stores_nothing(
    alice: Client, desk: Desk
) -> None:
    response = alice.post("/changes/new/", ROUTE | {"do": "preview"})

    page = response.content.decode()
    assert response.status_code == 200
    assert "What it would do" in page
    assert "/speaker/*" in page
    assert "The speakers&#x27; page needs it." in page
    # Whoever asks is not among them.
    assert "Who will have to approve it" in page
    assert "riley can give it" in page or "omar, riley can give it" in page
    assert ChangeRequest.objects.count() == AuditEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"uris": ""}, "uris", "Say which path"),
        ({"upstream": ""}, "upstream", "Say which server"),
        ({"reason": ""}, "reason", "a reviewer decides by it"),
        ({"reason": "   "}, "reason", "a reviewer decides by it"),
        ({"gateway": "nope"}, "gateway", "Select a valid choice"),
        ({"methods": ["FETCH"]}, "methods", "FETCH is not one of"),
        (
            {"protect-limit-rate": "on", "protect-limit-rate.requests": "0"},
            "limit-rate.requests",
            "greater than or equal to 1",
        ),
        (
            {"protect-restrict-addresses": "on"},
            "restrict-addresses.addresses",
            "missing",
        ),
        ({"upstream": "ftp://x"}, "upstream", ""),
        ({"upstream": "http://h:8000/path"}, "upstream", ""),
        ({"uris": "speaker"}, "uris", ""),
        ({"host": "not a host!"}, "host", ""),
    ],
)
@pytest.mark.parametrize("do", ["preview", "send"])
def test_what_is_wrong_is_said_beside_its_field_and_inputs_are_kept(
    alice: Client,
    desk: Desk,
    wrong: dict[str, object],
    field: str,
    words: str,
    do: str,
) -> None:
    response = alice.post("/changes/new/", ROUTE | wrong | {"do": do})

    asking = response.context["asking"]
    errors = {key: words for form in asking.all for key, words in form.errors.items()}
    assert field in errors, errors
    assert words in str(errors[field])
    assert 'value="conference"' in response.content.decode()
    assert do == "preview" or 400 <= response.status_code < 500
    assert ChangeRequest.objects.count() == 0


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "line 1"),
        ("[1]", "one JSON object"),
        ("", "Give the document"),
        ('{"uri": "/a", "uri": "/b"}', "stands twice"),
        ('{"priority": NaN}', "NaN"),
        ('{"name": "\\ud800"}', "surrogate"),
        ('{"labels": {"team": "a\\u0000"}}', "labels.team: It holds a NUL"),
        ('{"priority": 9007199254740993}', "exactly"),
        ("[" * 100_000, "nested deeper"),
        ('{"uri": "/x", "bogus_field": 1}', "bogus_field"),
        ('{"uri": "/x", "upstream_id": "nope"}', "nope"),
        ('{"uri": "/x", "plugins": {"no-such-plugin": {}}}', "no-such-plugin"),
    ],
)
def test_json_that_makes_no_sense_is_said_beside_the_editor(
    alice: Client, desk: Desk, document: str, words: str
) -> None:
    response = alice.post("/changes/new/", as_json({"document": document}, do="send"))

    assert response.status_code in (400, 422)
    errors = str(response.context["asking"].items[0].errors)
    assert words in errors
    assert ChangeRequest.objects.count() == 0


def test_several_resources_go_into_one_change(alice: Client, desk: Desk) -> None:
    first = as_json({"document": DOCUMENT}, do="add")
    page = alice.post("/changes/new/", first)
    assert len(page.context["asking"].items) == 2
    assert "127.0.0.1:8000" in page.content.decode()

    alice.post(
        "/changes/new/",
        as_json(
            {"id": "u1", "kind": "upstream", "document": DOCUMENT["upstream"]},
            {"id": "r1", "document": {"uri": "/x", "upstream_id": "u1"}},
            do="send",
        ),
    )

    items = ChangeRequest.objects.get().latest_revision().items.all()
    assert [item.resource_id for item in items] == ["u1", "r1"]


def test_a_change_begins_with_what_is_there_and_keeps_its_secrets(
    alice: Client, desk: Desk
) -> None:
    from gateway.mirror import refresh

    secret = "a-very-secret-key"
    desk.sandbox.put("consumer", "jack", {"username": "jack"})
    desk.sandbox.put(
        "credential",
        "jack/credentials/c1",
        {"plugins": {"key-auth": {"key": secret}}},
    )
    refresh(desk.gateway)

    form = alice.get(
        "/changes/new/?gateway=default&kind=credential&id=jack/credentials/c1"
    )
    page = form.content.decode()
    assert secret not in page
    assert "redacted:" in page

    initial = form.context["asking"].items[0].initial
    document = orjson.loads(initial["document"]) | {"desc": "Jack's laptop"}
    response = alice.post(
        "/changes/new/", as_json(initial | {"document": document}, do="send")
    )

    assert response.status_code == 302, response.context["asking"].items[0].errors
    item = ChangeRequest.objects.get().latest_revision().items.get()
    assert item.whole_wanted()["plugins"]["key-auth"]["key"] == secret  # type: ignore[index]
    assert secret not in str(item.wanted)


def test_a_delete_is_asked_for_without_a_document(alice: Client, desk: Desk) -> None:
    desk.sandbox.put("route", "r1", DOCUMENT)
    make_resource(desk.gateway, "route", "r1", DOCUMENT)

    form = alice.get("/changes/new/?gateway=default&kind=route&id=r1&action=delete")
    initial = form.context["asking"].items[0].initial
    response = alice.post("/changes/new/", as_json(initial, do="send"))

    assert response.status_code == 302
    assert ChangeRequest.objects.get().latest_revision().items.get().wanted is None


def test_a_blocker_is_shown_with_its_mend_and_nothing_is_stored(
    alice: Client, desk: Desk
) -> None:
    asked = as_json(
        {"document": {"uri": "/x", "plugins": {"no-such-plugin": {}}}}, do="send"
    )

    response = alice.post("/changes/new/", asked)

    assert response.status_code == 422
    assert "Stops the change" in response.content.decode()
    assert ChangeRequest.objects.count() == 0


@pytest.mark.parametrize("do", ["preview", "send"])
def test_a_gateway_that_is_down_is_said_and_nothing_is_lost(
    alice: Client, desk: Desk, do: str
) -> None:
    desk.sandbox.stop()

    response = alice.post("/changes/new/", ROUTE | {"do": do})

    assert response.status_code == 503
    page = response.content.decode()
    assert "nothing was stored" in page
    assert "/speaker/*" in page
    assert ChangeRequest.objects.count() == 0


def test_a_blocked_request_is_kept_as_a_draft_and_sent_once_it_is_mended(
    alice: Client, desk: Desk
) -> None:
    blocked = {"document": {"uri": "/x", "plugins": {"no-such-plugin": {}}}}

    page = alice.post("/changes/new/", as_json(blocked, do="draft"), follow=True)

    change = ChangeRequest.objects.get()
    assert change.state == State.DRAFT
    assert "Finish it and send it for review" in page.content.decode()
    assert "no-such-plugin" in page.content.decode()
    riley = sign_in(desk.people.riley).get(change.get_absolute_url())
    assert "/approve/" not in riley.content.decode()

    address = f"/changes/{change.number}/revise/"
    initial = alice.get(address).context["asking"].items[0].initial
    mended = as_json(initial | {"document": DOCUMENT}, do="send")
    assert alice.post(address, mended).status_code == 302

    change.refresh_from_db()
    assert change.state == State.IN_REVIEW


def test_sending_twice_files_one_change(alice: Client, desk: Desk) -> None:
    document = ROUTE | {"do": "send"}
    first = alice.post("/changes/new/", document)
    second = alice.post("/changes/new/", document, follow=True)

    assert first.status_code == 302
    assert "a moment ago" in second.content.decode()
    assert ChangeRequest.objects.count() == 1


def test_asking_is_for_whom_it_is_for(desk: Desk) -> None:
    audrey = sign_in(desk.people.audrey)

    assert audrey.get("/changes/new/").status_code == 403
    assert audrey.post("/changes/new/", ROUTE | {"do": "send"}).status_code == 403
    assert ChangeRequest.objects.count() == 0


def test_a_gateway_one_may_not_ask_on_is_no_choice(desk: Desk) -> None:
    from portal.accounts.roles import Role

    make_gateway("other")
    person = make_person("ann", Role.AUTHOR, gateway=desk.gateway)

    response = sign_in(person).post(
        "/changes/new/", ROUTE | {"gateway": "other", "do": "send"}
    )

    assert response.status_code == 400
    assert ChangeRequest.objects.count() == 0


def test_a_change_that_was_sent_back_is_revised(alice: Client, desk: Desk) -> None:
    change = desk.create()
    request_changes(
        change.latest_revision(),
        actor=present(desk.people.riley),
        comment="Only GET, please.",
    )
    address = f"/changes/{change.number}/revise/"

    form = alice.get(address)
    initial = form.context["asking"].items[0].initial
    document = orjson.loads(initial["document"]) | {"methods": ["GET"]}
    preview = alice.post(
        address, as_json(initial | {"document": document}, do="preview")
    )
    assert preview.status_code == 200
    assert change.revisions.count() == 1
    sent = alice.post(address, as_json(initial | {"document": document}, do="send"))

    assert sent.status_code == 302, sent.context["asking"].items[0].errors
    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert change.latest_revision().number == 2
    assert change.latest_revision().items.get().wanted["methods"] == ["GET"]


def test_only_the_author_revises_and_only_while_it_can_be(
    alice: Client, desk: Desk
) -> None:
    change = desk.create()
    address = f"/changes/{change.number}/revise/"
    assert sign_in(desk.people.riley).get(address).status_code == 403

    ChangeRequest.objects.filter(pk=change.pk).update(state=State.REJECTED)

    assert alice.get(address).status_code == 409
    assert alice.post(address, as_json({}, do="send")).status_code == 409
    assert change.revisions.count() == 1


def test_asking_needs_the_forms_token(desk: Desk) -> None:
    client = sign_in(desk.people.alice, enforce_csrf_checks=True)

    assert client.post("/changes/new/", ROUTE | {"do": "send"}).status_code == 403
    assert ChangeRequest.objects.count() == 0


@pytest.mark.parametrize("count", ["", "0", "-5", "²", "9" * 50])
def test_a_forged_count_of_resources_breaks_nothing(
    alice: Client, desk: Desk, count: str
) -> None:
    response = alice.post(
        "/changes/new/",
        as_json({"document": DOCUMENT}, do="preview") | {"count": count},
    )

    assert response.status_code in (200, 400)


def test_a_blocked_request_is_kept_as_a_draft_and_sent_later(
    alice: Client, desk: Desk
) -> None:
    document = {"uri": "/x", "upstream_id": "u1"}
    response = alice.post(
        "/changes/new/", as_json({"id": "r1", "document": document}, do="draft")
    )

    change = ChangeRequest.objects.get()
    assert response.status_code == 302
    assert change.state == State.DRAFT
    page = alice.get(f"/changes/{change.number}/").content.decode()
    assert "refers to upstream u1" in page
    riley = sign_in(desk.people.riley)
    assert riley.get(f"/changes/{change.number}/").status_code == 404
    desk.sandbox.put("upstream", "u1", {"nodes": {"127.0.0.1:1": 1}})
    alice.post(
        f"/changes/{change.number}/revise/",
        as_json({"id": "r1", "document": document}, do="send"),
    )
    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
