"""A gateway as a file, for programs."""

from datetime import UTC, datetime
from typing import Any

import time_machine
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, ImportFile
from portal.changes.tasks import import_one
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored

EXPORT = "/api/gateways/default/export"
SECRET = "jacks-secret-key"
JACK = {"username": "jack", "plugins": {"key-auth": {"key": SECRET}}}
ROUTE = {"uri": "/a", "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}}}


def test_the_whole_gateway_comes_as_a_file(desk: Desk, alice: Program) -> None:
    desk.sandbox.put("route", "r1", ROUTE)
    desk.sandbox.put("consumer", "jack", JACK)

    answer = alice.get(f"{EXPORT}?format=apisix")

    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="default-2')
    told: Any = yaml.safe_load(answer.content)
    assert told["routes"][0] | {"id": "r1"} == told["routes"][0]
    assert told["consumers"][0]["plugins"]["key-auth"]["key"].startswith("redacted:")
    assert answer.content.endswith(b"#END\n")
    assert answer["X-Gatehouse-Losses"] == ""
    assert not AuditEvent.objects.exists()


def test_what_a_format_cannot_say_is_told(desk: Desk, alice: Program) -> None:
    desk.sandbox.put("proto", "p1", {"content": 'syntax = "proto3";'})

    answer = alice.get(f"{EXPORT}?format=adc")

    assert answer["X-Gatehouse-Losses"] == "ADC has no place for it: proto p1."
    assert "# ADC has no place for it: proto p1." in answer.content.decode()


def test_a_backup_is_sealed_for_those_who_may_and_that_is_recorded(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    audrey = program_of(desk.people.audrey, Scope.READ)

    sealed = audrey.get(f"{EXPORT}?format=backup")

    assert sealed.status_code == 200
    assert b'"sealed"' in sealed.content
    assert SECRET not in sealed.content.decode()
    event = AuditEvent.objects.get()
    assert (event.event, event.actor, event.gateway) == (
        "gateway.exported",
        "audrey",
        "default",
    )
    assert event.details == {"format": "backup", "secrets": "sealed", "resources": 1}

    assert_problem(
        alice.get(f"{EXPORT}?format=backup"), 403, "not_allowed", field="secrets"
    )
    plain = alice.get(f"{EXPORT}?format=backup&secrets=left_out")
    assert plain.status_code == 200
    assert b"redacted:" in plain.content
    assert b'"sealed"' not in plain.content
    assert AuditEvent.objects.count() == 1


def test_no_program_gets_a_secret_in_clear(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    admin = program_of(desk.people.admin)

    assert_problem(
        admin.get(f"{EXPORT}?format=apisix&secrets=clear"), 400, field="secrets"
    )
    for format in ("apisix", "adc", "backup"):
        answer = admin.get(f"{EXPORT}?format={format}")
        assert answer.status_code == 200
        assert SECRET not in answer.content.decode()


def test_wrong_questions_are_refused(desk: Desk, alice: Program) -> None:
    assert_problem(alice.get(EXPORT), 400, field="format")
    assert_problem(alice.get(f"{EXPORT}?format=toml"), 400, field="format")
    assert_problem(
        alice.get(f"{EXPORT}?format=adc&secrets=sealed"), 400, field="secrets"
    )
    assert_problem(alice.get("/api/gateways/nope/export?format=adc"), 404)
    desk.sandbox.stop()
    try:
        assert_problem(alice.get(f"{EXPORT}?format=adc"), 503, "gateway_down")
    finally:
        desk.sandbox.start()


def test_the_whole_document_has_it_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )

    assert {"exportGateway", "importToGateway", "getImport"} <= whole - plugin


IMPORT = "/api/gateways/default/import"
JACK_FILE = "consumers:\n- username: jack\n#END"


def sent(program: Program, text: str | bytes, **fields: Any) -> HttpResponse:
    source = text.encode() if isinstance(text, str) else text
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    form = {
        "format": "apisix",
        "reason": "As it was.",
        "file": SimpleUploadedFile("gateway.yaml", source),
    } | fields
    return Client().post(
        IMPORT, form, headers={"Authorization": f"Bearer {program.secret}"} | headers
    )


def test_a_file_is_filed_as_a_change(desk: Desk, alice: Program) -> None:
    desk.sandbox.put("route", "r1", ROUTE)

    answer = sent(alice, "plugins: []\nconsumers:\n- username: jack\n#END")

    assert answer.status_code == 202
    change = ChangeRequest.objects.get()
    assert answer.json()["change"]["number"] == change.number
    assert answer.json()["passed_over"] == ["plugins is no resource of a gateway."]
    assert answer["Location"] == f"/api/changes/{change.number}"
    assert (change.channel, change.token) == ("import", alice.token)
    assert [row.resource_id for row in change.latest_revision().items.all()] == ["jack"]
    assert desk.sandbox.requests("write", "/apisix/admin/consumers") == []


def test_what_the_file_lacks_goes_only_when_that_is_asked(
    desk: Desk, alice: Program
) -> None:
    desk.sandbox.put("route", "r1", ROUTE)

    assert_problem(sent(alice, "{}\n#END"), 409, "nothing_to_change")
    answer = sent(alice, "{}\n#END", delete_missing="true")

    assert answer.status_code == 202
    assert "Deletes route r1" in answer.json()["change"]["summary"]


def test_the_same_key_is_the_same_change(desk: Desk, alice: Program) -> None:
    text = "consumers:\n- username: jack\n#END"

    first, again = (sent(alice, text, key="k1") for _ in range(2))

    assert first.json()["change"]["number"] == again.json()["change"]["number"]
    assert again["Idempotent-Replayed"] == "true"
    assert_problem(
        sent(alice, text, key="k1", reason="Another."), 409, field="idempotency_key"
    )


def test_a_bad_file_is_told_with_its_line(desk: Desk, alice: Program) -> None:
    before = stored()

    body = assert_problem(
        sent(alice, "consumers:\n- username: jack\n- username: jack\n#END"),
        400,
        field="file",
    )
    assert body["line"] == 3
    assert "Line 3: The consumer jack stands here again" in body["detail"]
    body = assert_problem(
        sent(alice, "routes:\n\n- id: r1\n  uri: /a\n  upstream_id: u1\n#END"),
        422,
        field="routes.r1.upstream_id",
    )
    assert body["line"] == 3
    assert {one["line"] for one in body["findings"]} == {3}
    assert stored() == before


def test_forms_that_make_no_sense_are_refused(desk: Desk, alice: Program) -> None:
    assert_problem(sent(alice, ""), 400, field="file")
    assert_problem(sent(alice, "{}", format="toml"), 400, field="format")
    assert_problem(sent(alice, "{}", delete_missing="yes"), 400, field="delete_missing")
    assert_problem(sent(alice, "{}", colour="red"), 400, field="colour")
    assert_problem(sent(alice, "{}", file="no file"), 400, field="file")
    assert_problem(sent(alice, "{}", reason=["a", "b"]), 400, field="reason")
    assert_problem(alice.post(IMPORT, {"format": "adc"}), 415)
    assert_problem(alice.send("POST", IMPORT), 400, field="file")
    many = {f"f{n}": "x" for n in range(1_100)}
    assert_problem(sent(alice, "{}", **many), 400, "malformed")
    assert_problem(
        alice.send("POST", IMPORT, b"--x", content_type="multipart/form-data"), 400
    )


def test_a_file_beyond_the_limit_is_413(
    desk: Desk, alice: Program, settings: Any
) -> None:
    settings.IMPORT_LIMIT = 1_000

    assert_problem(sent(alice, b"#" * 100_000), 413, "too_large")
    # Within what the fields beside it may take.
    assert_problem(sent(alice, b"#" * 1_001), 413, "too_large")


def test_who_may_not_ask_may_not_import(desk: Desk) -> None:
    assert_problem(sent(program_of(desk.people.audrey), "{}\n#END"), 403, "not_allowed")
    reader = program_of(desk.people.alice, Scope.READ)
    assert_problem(sent(reader, "{}\n#END"), 403, "not_allowed")


LARGE = "#" * 600_000 + "\n"


def test_a_large_file_is_read_by_a_worker(desk: Desk, alice: Program) -> None:
    answer = sent(alice, LARGE + "consumers:\n- username: jack\n#END")

    assert answer.status_code == 202
    told = answer.json()
    assert (told["change"], told["file"]["state"]) == (None, "waiting")
    where = answer["Location"]
    assert where in told["message"]
    assert alice.get(where).json() == told

    import_one(told["file"]["id"])

    told = alice.get(where).json()
    assert told["file"]["state"] == "filed"
    assert told["change"]["number"] == ChangeRequest.objects.get().number


def test_why_a_large_file_was_refused_is_told(desk: Desk, alice: Program) -> None:
    text = "routes:\n- id: r1\n  uri: /a\n  upstream_id: u1\n#END"
    where = sent(alice, LARGE + text)["Location"]

    import_one(ImportFile.objects.get().pk)

    told = alice.get(where).json()
    assert told["file"]["state"] == "refused"
    assert told["file"]["refusal"]["status"] == 422
    assert told["file"]["refusal"]["findings"][0]["line"] == 3
    assert told["message"].startswith("The file was refused: Line 3: ")


def test_nobody_else_sees_a_file(desk: Desk, alice: Program) -> None:
    where = sent(alice, LARGE)["Location"]

    assert_problem(program_of(desk.people.admin).get(where), 404, field="id")
    assert_problem(alice.get(where + "0"), 404, field="id")
    assert_problem(alice.get(where + "9" * 40), 404, field="id")
    assert_problem(alice.get(where + "?x=1"), 400, field="x")


def test_a_form_in_another_charset_is_refused(desk: Desk, alice: Program) -> None:
    answer = alice.send(
        "POST",
        "/api/gateways/default/import",
        b"--x--\r\n",
        content_type="multipart/form-data; boundary=x; charset=rot13",
    )

    assert_problem(answer, 415, "unsupported_media_type")


def test_a_file_s_change_goes_live_when_it_was_asked_to(
    desk: Desk, alice: Program
) -> None:
    due = "2027-06-01T22:00:00+00:00"

    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=True):
        alice = program_of(desk.people.alice)
        late = sent(alice, JACK_FILE, deliver_after="2026-11-01T22:00:00Z")
        asked = sent(alice, JACK_FILE, deliver_after=due, expires_after="PT2H")

    assert_problem(late, 400, field="deliver_after")
    assert asked.status_code == 202, asked.content
    terms = ChangeRequest.objects.get().latest_revision().terms
    assert terms.as_json() == {"deliver_after": due, "expires_after": "PT2H"}
