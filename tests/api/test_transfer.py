"""A gateway as a file, for programs."""

from typing import Any

import yaml

from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.audit.models import AuditEvent
from tests.api.conftest import Desk, Program, assert_problem, program_of

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

    assert "exportGateway" in whole - plugin
