"""What a kind takes, as its gateway tells it."""

import jsonschema_rs
import pytest

from gateway.kinds import KINDS
from gateway.models import Catalogue
from tests.api.conftest import Desk, Program, assert_problem, program_of
from tests.every_kind import KIND_NAMES
from tests.factories import Cast, make_person

UNTOLD = {"plugin_metadata", "secret"}


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_kind_is_told_with_its_schema_id_and_a_document_to_begin_with(
    kind: str, desk: Desk, alice: Program
) -> None:
    response = alice.get(f"/api/schemas/{kind}")

    assert response.status_code == 200, response.content
    told = response.json()
    assert (told["gateway"], told["kind"]) == ("default", kind)
    assert told["version"]
    assert told["id"]
    assert (told["schema"] is None) == (kind in UNTOLD) == ("note" in told)
    if kind not in UNTOLD | {"ssl"}:
        # An id is chosen or given beside the document, where it is not in it.
        document = {"id": "x", **told["example"]}
        jsonschema_rs.Draft7Validator(told["schema"]).validate(document)
    assert len(response.content) < 100_000


def test_the_gateway_is_asked_once(desk: Desk, alice: Program) -> None:
    Catalogue.objects.all().delete()
    alice.get("/api/schemas/route")
    assert desk.sandbox.requests()
    desk.sandbox.forget_requests()

    for kind in KINDS:
        assert alice.get(f"/api/schemas/{kind}").status_code == 200

    assert desk.sandbox.requests() == []


def test_no_program_has_them_read_again(desk: Desk, people: Cast) -> None:
    omar = program_of(people.omar)
    omar.get("/api/schemas/route")
    desk.sandbox.forget_requests()

    assert_problem(
        omar.get("/api/schemas/route?refresh=true"), 400, "malformed", "refresh"
    )
    assert omar.post("/api/schemas/route", {}).status_code == 405
    assert omar.post("/gateways/default/schemas/", {}).status_code == 403
    assert desk.sandbox.requests() == []


def test_what_is_not_there_is_said(desk: Desk, alice: Program) -> None:
    assert_problem(alice.get("/api/schemas/routes"), 404, field="kind")
    assert_problem(alice.get("/api/schemas/route?gateway=nope"), 404, field="gateway")
    stranger = program_of(make_person("nobody"))
    assert_problem(stranger.get("/api/schemas/route?gateway=default"), 404)


def test_a_gateway_that_was_never_read_and_is_down_is_503(
    desk: Desk, alice: Program
) -> None:
    Catalogue.objects.all().delete()
    desk.sandbox.stop()
    try:
        assert_problem(alice.get("/api/schemas/route"), 503, "gateway_down")
    finally:
        desk.sandbox.start()
