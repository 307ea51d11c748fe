"""A gateway as an OpenAPI document, told by the desk and by the gateway itself."""

import json
from typing import Any

import httpx2
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.mirror import refresh
from portal.api.documents import operations_of, plugin_document, whole_document
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest
from portal.changes.review import approve
from portal.changes.states import State
from tests.actors import present
from tests.api.conftest import Desk, Program, assert_problem, stored
from tests.openapi_samples import petstore
from tests.waiting import eventually

EXPORT = "/api/gateways/default/openapi.yaml"
PUBLISH = "/api/gateways/default/openapi/publish"
PLUGIN = {
    "name": "Pet Store!",
    "description": "Pets for sale.",
    "reason": "Let chats sell pets.",
}


def bring_to_life(desk: Desk, answer: Any) -> ChangeRequest:
    """Approve and deliver what was filed, and read the gateway again."""
    assert answer.status_code == 202, answer.content
    change = ChangeRequest.objects.get(pk=answer.json()["change"]["number"])
    approve(change.latest_revision(), actor=present(desk.people.riley))
    deliver(change.latest_revision().delivery.pk)
    change.refresh_from_db()
    assert change.state == State.APPLIED
    refresh(desk.gateway)
    return change


def imported(desk: Desk, alice: Program, document: Any) -> None:
    sent = {"document": document, "reason": "The pets are for sale."}
    bring_to_life(desk, alice.post("/api/openapi/import", sent))


def read(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = yaml.safe_load(answer.content)
    OpenAPIV31SpecValidator(document).validate()
    return document


def test_what_was_imported_and_delivered_comes_out_again(
    desk: Desk, alice: Program
) -> None:
    imported(desk, alice, petstore())

    told = read(alice.get(EXPORT))

    source = petstore()
    assert told["paths"].keys() == source["paths"].keys()
    assert told["info"] == source["info"]
    for path, item in source["paths"].items():
        for method in ("get", "post", "delete"):
            if method in item:
                said = told["paths"][path][method]
                assert said.get("operationId") == item[method].get("operationId")
                wanted = item[method].get("security", source["security"])
                assert said["security"] == wanted
    schemes = source["components"]["securitySchemes"]
    assert told["components"]["securitySchemes"] == schemes


def test_it_is_told_whether_it_changed(desk: Desk, alice: Program) -> None:
    desk.hold("route", "r1", {"uri": "/a", "plugins": {"basic-auth": {}}})
    first = alice.get(EXPORT)

    again = alice.get(EXPORT, If_None_Match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    desk.hold("route", "r2", {"uri": "/b", "plugins": {"cors": {}}})
    assert alice.get(EXPORT, If_None_Match=first["ETag"]).status_code == 200


def test_a_host_or_a_service_is_enough(desk: Desk, alice: Program) -> None:
    plugins = {"plugins": {"cors": {}}}
    desk.sandbox.put("service", "s1", plugins)
    desk.sandbox.put("route", "r1", {"uri": "/a", "service_id": "s1"} | plugins)
    desk.hold("route", "r2", {"uri": "/b", "host": "b.example.com"} | plugins)

    assert read(alice.get(f"{EXPORT}?service=s1"))["paths"].keys() == {"/a"}
    assert read(alice.get(f"{EXPORT}?host=b.example.com"))["paths"].keys() == {
        "/a",
        "/b",
    }
    assert read(alice.get(f"{EXPORT}?host=c.example.com"))["paths"].keys() == {"/a"}


def test_wrong_questions_are_refused(desk: Desk, alice: Program) -> None:
    desk.gateway.mirrored_at = None
    desk.gateway.save()
    assert_problem(alice.get(EXPORT), 503, "gateway_down")
    refresh(desk.gateway)
    assert_problem(alice.get(f"{EXPORT}?hots=a"), 400, field="hots")
    assert_problem(alice.get("/api/gateways/nope/openapi.yaml"), 404)


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 400, "name"),
        (PLUGIN | {"name": "x" * 21}, 400, "name"),
        (PLUGIN | {"hosts": []}, 400, "hosts"),
        (PLUGIN | {"reason": ""}, 400, "reason"),
        (PLUGIN, 400, "gateway"),
        (PLUGIN | {"service": "none"}, 400, "service"),
    ],
)
def test_what_cannot_be_published_is_refused(
    desk: Desk, alice: Program, sent: dict[str, Any], status: int, field: str
) -> None:
    if sent.get("reason") == "":
        desk.sandbox.put("route", "r1", {"uri": "/a", "plugins": {"cors": {}}})
    refresh(desk.gateway)
    before = stored()

    assert_problem(alice.post(PUBLISH, sent), status, field=field)
    assert stored() == before


def test_the_gateway_tells_itself_what_it_serves(desk: Desk, alice: Program) -> None:
    desk.gateway.public_url = desk.sandbox.proxy_url
    desk.gateway.save()
    imported(desk, alice, petstore())
    before = read(alice.get(EXPORT))
    shown = alice.post(PUBLISH, PLUGIN | {"preview": True})
    assert shown.status_code == 200
    assert len(shown.json()["items"]) == 2

    bring_to_life(desk, alice.post(PUBLISH, PLUGIN))

    def answer(path: str) -> httpx2.Response:
        return httpx2.get(f"{desk.sandbox.proxy_url}{path}")

    eventually(lambda: answer("/openapi.yaml").status_code == 200, "it is served")
    served = answer("/openapi.yaml")
    assert served.headers["content-type"] == "application/yaml"
    # The gateway puts nothing in for `$ref`, and tells nothing of these two routes.
    assert yaml.safe_load(served.content) == before
    assert b"$" not in served.content
    manifest = answer("/.well-known/ai-plugin.json")
    assert manifest.headers["content-type"] == "application/json"
    told = json.loads(manifest.content)
    assert told["api"]["url"] == f"{desk.sandbox.proxy_url}/openapi.yaml"
    assert told["name_for_model"] == "pet_store"
    assert told["auth"]["type"] == "user_http"
    assert read(alice.get(EXPORT)) == before
    assert_problem(alice.post(PUBLISH, PLUGIN), 409, "nothing_to_change")


def test_publishing_again_renews(desk: Desk, alice: Program) -> None:
    desk.hold("route", "r1", {"uri": "/a", "plugins": {"cors": {}}})
    bring_to_life(desk, alice.post(PUBLISH, PLUGIN))
    desk.hold("route", "r2", {"uri": "/b", "plugins": {"cors": {}}})

    change = bring_to_life(desk, alice.post(PUBLISH, PLUGIN | {"reason": "More."}))

    (item,) = change.latest_revision().items.all()
    assert item.action == "update"
    assert "/b" in item.wanted["plugins"]["mocking"]["response_example"]


def test_the_whole_document_has_it_and_the_plugin_s_has_not() -> None:
    whole, plugin = (
        {one["operationId"] for one in operations_of(make("http://localhost:5000"))}
        for make in (whole_document, plugin_document)
    )

    assert {"exportOpenapi", "publishOpenapi"} <= whole - plugin
