"""An OpenAPI document as a change, for programs."""

import json
import random
from typing import Any

import pytest

from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.models import ChangeRequest, ImportFile, SpecImport
from portal.changes.openapi.asked import DocumentAsked
from portal.changes.openapi.propose_document import _room_for
from portal.changes.tasks import import_one
from tests.api.conftest import Desk, Program, assert_problem, program_of, stored
from tests.gateway.evil import evil, http, says, says_and_closes
from tests.openapi_samples import (
    PETSTORE_TWO,
    as_large_as_github,
    mangled,
    petstore,
    with_operation,
)

IMPORT = "/api/openapi/import"
YAML = """
openapi: 3.1.0
info: {title: Conference, version: '1'}
servers: [{url: 'https://conference.example.com'}]
paths:
  /speakers:
    get: {operationId: listSpeakers, responses: {'200': {description: Speakers.}}}
"""


def body(document: Any = YAML, **fields: Any) -> dict[str, Any]:
    return {"document": document, "reason": "The conference starts."} | fields


def test_a_document_is_filed_as_a_change(desk: Desk, alice: Program) -> None:
    answer = alice.post(IMPORT, body())

    assert answer.status_code == 202
    change = ChangeRequest.objects.get()
    assert answer["Location"] == f"/api/changes/{change.number}"
    assert answer.json()["change"]["url"].endswith(f"/changes/{change.number}/")
    assert (change.channel, change.token) == ("import", alice.token)
    assert change.latest_revision().items.count() == 3
    assert desk.sandbox.requests("write", "/apisix/admin/routes") == []
    again = alice.post(IMPORT, body())
    assert again["Idempotent-Replayed"] == "true"
    assert SpecImport.objects.count() == 1


def test_the_object_itself_will_do(desk: Desk, alice: Program) -> None:
    assert alice.post(IMPORT, body(petstore())).status_code == 202


def test_a_preview_names_what_becomes_of_each_operation(
    desk: Desk, alice: Program
) -> None:
    before = stored()

    told = alice.post(IMPORT, {"document": PETSTORE_TWO, "preview": True}).json()

    assert stored() == before
    assert (told["accepted"], told["spec"]) == (True, "pet-store")
    assert told["counts"] == {"create": 5, "update": 0, "delete": 0}
    assert told["servers"] == ["https://petstore.example.com/v1"]
    named = {one["operation"]: one["action"] for one in told["operations"]}
    assert named["uploadPhoto"] == "create"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reason": "."}, "document"),
        (body(url="https://example.com/a"), "document"),
        (body(7), "document"),
        (body("a: 1\na: 2"), "document"),
        (body("{}"), "document"),
        (body(reason=""), "reason"),
        (body(options={"spec": "A b"}), "spec"),
        (body(options={"per": "day"}), "options.per"),
        (body(options={"serve": "1"}), "options.serve"),
        (body(options={"variables": {"a": 1}}), "options.variables.a"),
        (body(options={"server": "7"}), "server"),
        (body(petstore(servers=[{"url": "/v1"}])), "base_url"),
        ({"url": "http://127.0.0.1:9180/x", "reason": "."}, "url"),
        ({"url": "http://169.254.169.254/latest", "reason": "."}, "url"),
        ({"url": "http://localhost/x", "reason": "."}, "url"),
        ({"url": "http://[::1]/x", "reason": "."}, "url"),
        ({"url": "file:///etc/passwd", "reason": "."}, "url"),
        ({"url": "https://user:pass@example.com/", "reason": "."}, "url"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    desk: Desk, alice: Program, sent: dict[str, Any], field: str
) -> None:
    before = stored()

    assert_problem(alice.post(IMPORT, sent), 400, field=field)
    assert stored() == before


def test_the_place_in_the_document_is_named(desk: Desk, alice: Program) -> None:
    document = petstore()
    document["paths"]["/pets"]["get"]["responses"] = {"200": {"$ref": "http://inner/"}}

    answer = alice.post(IMPORT, body(document))

    assert_problem(answer, 400, "malformed", field="document")
    assert answer.json()["pointer"] == "#/paths/~1pets/get/responses/200"


class TestUrl:
    """A document that is fetched."""

    @pytest.fixture(autouse=True)
    def _inside(self, settings: Any) -> None:
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]

    def test_it_is_fetched_and_its_servers_are_below_it(
        self, desk: Desk, alice: Program
    ) -> None:
        text = json.dumps(petstore(servers=[{"url": "/v7"}])).encode()
        with evil(says(http(200, text))) as server:
            url = f"{server.url}/docs/openapi.json"
            sent = {"url": f"{url}?token=s3cret", "reason": "CI."}
            answer = alice.post(IMPORT, sent)

        assert answer.status_code == 202, answer.content
        record = SpecImport.objects.get()
        assert record.url == url
        assert "s3cret" not in json.dumps(record.options)
        rows = record.change.latest_revision().items.all()
        assert any((row.wanted or {}).get("uri") == "/v7/pets" for row in rows)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (http(404, b""), "answers 404"),
            (http(302, b"", more="Location: http://127.0.0.1/\r\n"), "answers 302"),
            (http(200, b"x" * 2_001), "larger than 2,000 bytes"),
            (b"nonsense", "broke the connection"),
        ],
    )
    def test_what_is_not_there_is_told(
        self, desk: Desk, alice: Program, settings: Any, answer: bytes, words: str
    ) -> None:
        settings.IMPORT_LIMIT = 2_000
        with evil(says_and_closes(answer)) as server:
            told = alice.post(IMPORT, {"url": server.url, "reason": "CI."})

        assert words in assert_problem(told, 400, field="url")["detail"]


def test_a_body_beyond_the_limit_is_refused(
    desk: Desk, alice: Program, settings: Any
) -> None:
    settings.IMPORT_LIMIT = 2_000
    assert_problem(alice.post(IMPORT, body("a" * 2_001)), 413, "too_large")
    assert_problem(alice.post(IMPORT, body("a" * 200_000)), 413, "too_large")


def test_whoever_may_not_ask_files_nothing(desk: Desk) -> None:
    reader = program_of(desk.people.alice, Scope.READ)
    assert_problem(reader.post(IMPORT, body()), 403)
    auditor = program_of(desk.people.audrey)
    assert_problem(auditor.post(IMPORT, body()), 403)


def test_a_large_document_is_read_by_a_worker(desk: Desk, alice: Program) -> None:
    text = json.dumps(as_large_as_github())
    assert len(text) > 5_000_000

    answer = alice.post(IMPORT, body(text, options={"hosts": ["forge.example.com"]}))

    assert answer.status_code == 202
    assert answer.json()["file"]["state"] == "waiting"
    file = ImportFile.objects.get()
    import_one(file.pk)
    told = alice.get(answer["Location"]).json()
    assert told["file"]["state"] == "filed", told
    change = ChangeRequest.objects.get()
    assert change.latest_revision().items.count() == 1_202
    assert told["change"]["number"] == change.number


def test_one_large_document_at_a_time_is_tried_out(desk: Desk, alice: Program) -> None:
    text = json.dumps(as_large_as_github())
    sent = {"document": text, "preview": True}
    sent["options"] = {"hosts": ["forge.example.com"]}

    with _room_for(DocumentAsked(gateway=desk.gateway, source=text.encode())):
        busy = alice.post(IMPORT, sent)
        small = alice.post(IMPORT, {"document": PETSTORE_TWO, "preview": True})
    told = alice.post(IMPORT, sent)

    assert "large document just now" in assert_problem(busy, 503, "busy")["detail"]
    assert small.status_code == told.status_code == 200
    assert "Of 1,202 items" in told.json()["message"]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("seed", range(3))
def test_nothing_in_a_document_breaks_us(desk: Desk, alice: Program, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(8):
        document = mangled(chance.choice((petstore(), PETSTORE_TWO)), chance)
        # As text: Django's client refuses to write the larger numbers.
        sent = {"document": json.dumps(document), "preview": True}
        answer = alice.post(IMPORT, sent)
        assert answer.status_code in {200, 400, 409, 422}, (document, answer.content)


def test_the_whole_document_has_it_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )

    assert "importOpenapi" in whole - plugin


def test_a_finding_names_the_place_in_the_document(desk: Desk, alice: Program) -> None:
    document = with_operation(
        petstore(), "/pets", "get", **{"x-apisix-plugins": {"no-such": {}}}
    )

    answer = alice.post(IMPORT, body(document))

    assert answer.status_code == 422
    assert answer.json()["pointer"] == "#/paths/~1pets/get"
