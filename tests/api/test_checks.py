"""What is checked, for programs: beside the plugin's document, which must stay small."""

from gateway.models import Gateway
from portal.accounts.models import Scope
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.checks import SUBJECTS
from tests.api.conftest import Program, assert_problem, program_of
from tests.factories import Cast

PUBLIC_URL = "http://localhost:5000"


def test_every_code_is_listed_in_pages(gateway: Gateway, alice: Program) -> None:
    told, address = [], "/api/checks?limit=7"
    while address:
        answer = alice.get(address).json()
        assert len(answer["results"]) <= 7
        told += answer["results"]
        cursor = answer["next"]
        address = f"/api/checks?limit=7&cursor={cursor}" if cursor else ""

    assert told == [
        {
            "code": code.code,
            "subject": subject.title,
            "severity": code.severity,
            "words": code.words,
            "matters": subject.matters,
        }
        for subject in SUBJECTS
        for code in subject.codes
    ]


def test_the_list_takes_no_other_parameters(alice: Program) -> None:
    assert_problem(alice.get("/api/checks?gateway=x"), 400, field="gateway")
    assert_problem(alice.get("/api/checks?cursor=x"), 400, field="cursor")


def test_it_needs_the_scope_to_read(people: Cast) -> None:
    writer = program_of(people.alice, Scope.PROPOSE)

    assert_problem(writer.get("/api/checks"), 403, "not_allowed")


def test_the_whole_api_s_document_has_it_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make(PUBLIC_URL))}
        for make in (whole_document, plugin_document)
    )

    assert "listChecks" in whole - plugin
    assert plugin < whole
