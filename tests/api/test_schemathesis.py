"""Thousands of made-up calls, good and bad: never a 5xx, never an undocumented answer.

They go through the whole WSGI application to a real sandbox gateway, on both
databases, since each refuses other text.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.audit.events import Event
from portal.audit.ledger import record
from tests.actors import program
from tests.api.conftest import Desk, Program
from tests.factories import make_change

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 20
# Made-up documents are hardly ever what a gateway accepts, made-up texts no addresses.
UNLIKELY = {
    "createRoute",
    "updateRoute",
    "proposeChange",
    "reviseChange",
    "previewChange",
    "simulateRequest",
    "applyRecipe",
    "importToGateway",
    "promoteToGateway",
    "publishOpenapi",
    # Nothing has drifted, failed or been given as a file here.
    "getImport",
    "rebaseChange",
    "resolveDrift",
    "rollbackChange",
}


def operations(document: str) -> dict[str, Any]:
    """Return {operationId: operation} of a published document."""
    schema = schemathesis.openapi.from_wsgi(document, get_wsgi_application())
    found = [one.ok() for one in schema.get_all_operations()]
    return {one.definition.raw["operationId"]: one for one in found}


# The plugin's as it describes them, which is shorter; the others of the whole API.
OPERATIONS = operations("/api/openapi.yaml") | operations("/openapi.json")


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Keep the test's own connection, and so its transaction, from request to request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def held(desk: Desk, alice: Program, _one_connection: None) -> dict[str, Any]:
    """A gateway that holds something of several kinds; return real path parameters."""
    up = {"nodes": {"127.0.0.1:8000": 1}}
    desk.sandbox.put("upstream", "u1", up)
    desk.sandbox.put("service", "s1", {"upstream": up, "plugins": {"cors": {}}})
    desk.sandbox.put("route", "r1", {"uri": "/a", "service_id": "s1"})
    desk.hold("consumer", "jack", {"username": "jack"})
    change = make_change(gateway=desk.gateway, author=alice.person)
    [event] = record(
        Event.CHANGE_SUBMITTED, actor=program(alice.person), subject=change
    )
    route = {"id": "r1"}
    number, slug = {"number": change.number}, {"slug": desk.gateway.slug}
    return {
        "getRouteById": route,
        "updateRoute": route,
        "deleteRoute": route,
        "getResource": {"kind": "upstream", "id": "u1"},
        "getAuditEvent": {"number": event.number},
        "getChange": number,
        "withdrawChange": number,
        "getPlugin": {"name": "limit-count"},
        "rebaseChange": number,
        "rollbackChange": number,
        "exportGateway": slug,
        "importToGateway": slug,
        "listDrift": slug,
        "promoteToGateway": slug,
    }


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_made_up_calls_are_answered_as_documented(
    name: str,
    mode: GenerationMode,
    each_database: Any,
    held: dict[str, Any],
    alice: Program,
) -> None:
    # Made-up ids lead nowhere: good calls are about something that is there.
    there = held.get(name) if mode.is_positive else None
    headers = {"Authorization": f"Bearer {alice.secret}"}
    statuses: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=OPERATIONS[name].as_strategy(generation_mode=mode, path_parameters=there)
    )
    def call(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    call()
    assert min(statuses) < 300 or not mode.is_positive or name in UNLIKELY


@pytest.mark.parametrize("name", ["createRoute", "proposeChange", "previewChange"])
def test_the_document_s_own_examples_are_accepted(
    name: str, desk: Desk, alice: Program
) -> None:
    operation = OPERATIONS[name]
    content = operation.definition.raw["requestBody"]["content"]["application/json"]

    for example in content["examples"].values():
        response = alice.post(operation.path, example["value"])
        assert response.status_code in {200, 202}, response.content


def test_the_document_s_example_of_an_update_is_accepted(
    desk: Desk, alice: Program
) -> None:
    desk.hold("route", "r1", {"uri": "/a", "upstream": {"nodes": {"a:1": 1}}})
    for media_type, content in (
        OPERATIONS["updateRoute"].definition.raw["requestBody"]["content"].items()
    ):
        for example in content["examples"].values():
            response = alice.send(
                "PATCH",
                "/api/routes/r1",
                orjson.dumps(example["value"]),
                content_type=media_type,
            )
            assert response.status_code == 202, response.content
