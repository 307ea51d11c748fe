"""A document becomes one change; imported again it changes what it owns and no more."""

import json
from contextlib import ExitStack
from typing import Any

import pytest

from gateway.openapi.children import AT_ONCE, room
from portal.changes.errors import Busy, Malformed, NothingToChange
from portal.changes.models import ChangeRequest, SpecImport
from portal.changes.openapi.asked import DocumentAsked, options_of
from portal.changes.openapi.propose_document import (
    Imported,
    Previewed,
    preview_document,
    propose_document,
)
from portal.changes.states import State
from tests.actors import present
from tests.changes.conftest import Desk, refused
from tests.openapi_samples import petstore, with_operation

pytestmark = pytest.mark.django_db


def asked(desk: Desk, document: Any, **options: Any) -> DocumentAsked:
    source = document if isinstance(document, bytes) else json.dumps(document).encode()
    delete_missing = options.pop("delete_missing", False)
    return DocumentAsked(
        gateway=desk.gateway,
        source=source,
        reason="The pets are for sale.",
        options=options_of(options, desk.gateway),
        delete_missing=delete_missing,
    )


def bring(desk: Desk, document: Any, **options: Any) -> Imported:
    actor = present(desk.people.alice)
    return propose_document(asked(desk, document, **options), actor=actor)


def shown(desk: Desk, document: Any, **options: Any) -> Previewed:
    actor = present(desk.people.alice)
    return preview_document(asked(desk, document, **options), actor=actor)


def live_after(desk: Desk, document: Any, **options: Any) -> ChangeRequest:
    """Import, approve, deliver."""
    change = bring(desk, document, **options).proposed.change
    desk.approve(change)
    applied = desk.deliver(change)
    assert applied.state == State.APPLIED
    return applied


def items(change: ChangeRequest) -> list[tuple[str, str]]:
    """(action, operation) of each item, in order of their names."""
    rows = change.latest_revision().items.all()
    return sorted(
        (row.action, (row.wanted or row.base)["labels"]["openapi.op"]) for row in rows
    )


def route_of(desk: Desk, operation: str) -> tuple[str, dict[str, Any]]:
    (found,) = [
        (entry["value"]["id"], entry["value"])
        for entry in listed(desk)
        if entry["value"].get("labels", {}).get("openapi.op") == operation
    ]
    return found


def listed(desk: Desk) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = desk.sandbox.send("GET", "route", "").json()["list"]
    return entries


def put(desk: Desk, route_id: str, document: dict[str, Any], **fields: Any) -> None:
    kept = {n: v for n, v in document.items() if not n.endswith("_time")}
    desk.sandbox.put("route", route_id, kept | fields)


def test_a_document_becomes_one_change_that_delivers(desk: Desk) -> None:
    change = live_after(desk, petstore())

    assert change.channel == "import"
    assert len(items(change)) == 7
    _, route = route_of(desk, "showPetById")
    assert route["uri"] == "/v1/pets/*"
    record = SpecImport.objects.get()
    assert (record.change, record.spec, record.version) == (
        change,
        "pet-store",
        "1.0.7",
    )
    assert record.whole()["document"]["paths"].keys() == petstore()["paths"].keys()


def test_a_preview_stores_nothing(desk: Desk) -> None:
    told = shown(desk, petstore())

    assert [str(item.action) for item in told.plan.items] == ["create"] * 7
    assert not ChangeRequest.objects.exists()
    assert not SpecImport.objects.exists()


def test_the_same_document_again_asks_for_nothing(desk: Desk) -> None:
    live_after(desk, petstore())

    with pytest.raises(NothingToChange):
        bring(desk, petstore())
    assert ChangeRequest.objects.count() == 1


def test_the_same_request_again_is_the_same_change(desk: Desk) -> None:
    first, again = bring(desk, petstore()), bring(desk, petstore())

    assert again.proposed.is_replay
    assert again.proposed.change == first.proposed.change
    assert SpecImport.objects.count() == 1


def test_a_difference_of_documents_is_a_difference_of_routes(desk: Desk) -> None:
    live_after(desk, petstore())
    after = with_operation(petstore(), "/shelters", "get", operationId="listShelters")
    after["paths"]["/animals/{petId}"] = after["paths"].pop("/pets/{petId}")
    after["paths"]["/pets"].pop("post")

    imported = bring(desk, after)

    assert items(imported.proposed.change) == [
        ("create", "DELETE:/animals/{petId}"),
        ("create", "listShelters"),
        ("update", "showPetById"),
    ]
    assert any("no longer says" in one for one in imported.remarks)


def test_what_the_document_says_no_more_goes_when_that_is_asked(desk: Desk) -> None:
    live_after(desk, petstore())
    desk.sandbox.put("route", "foreign", {"uri": "/x", "plugins": {"cors": {}}})
    after = petstore()
    after["paths"]["/pets"].pop("post")

    change = live_after(desk, after, delete_missing=True)

    assert items(change) == [("delete", "createPet")]
    assert desk.live("foreign") is not None


def test_what_people_changed_stays_where_the_document_says_no_different(
    desk: Desk,
) -> None:
    live_after(desk, petstore())
    route_id, route = route_of(desk, "createPet")
    put(
        desk,
        route_id,
        route,
        plugins=route["plugins"] | {"limit-count": {"count": 1, "time_window": 60}},
        priority=9,
        desc="Ours.",
    )
    after = with_operation(petstore(), "/pets", "post", summary="Create one pet")
    after["paths"]["/pets"]["post"]["security"] = [{"basic": []}]

    imported = bring(desk, after)

    assert items(imported.proposed.change) == [("update", "createPet")]
    wanted = imported.proposed.change.latest_revision().items.get().whole_wanted()
    assert wanted is not None
    assert wanted["priority"] == 9
    # The document's own plugin follows it, somebody's stays.
    assert wanted["plugins"].keys() == {"basic-auth", "limit-count"}
    # Both changed the words: the document's are taken, and that is told.
    assert wanted["desc"] == "Create one pet"
    assert any(f"{route_id} desc" in one for one in imported.remarks)


def test_what_people_changed_alone_asks_for_nothing(desk: Desk) -> None:
    live_after(desk, petstore())
    route_id, route = route_of(desk, "createPet")
    put(desk, route_id, route, uri="/v1/animals")

    with pytest.raises(NothingToChange):
        bring(desk, petstore())


def test_what_was_only_asked_for_does_not_count_as_said(desk: Desk) -> None:
    live_after(desk, petstore())
    bring(desk, with_operation(petstore(), "/pets", "post", summary="Rejected words"))

    after = bring(
        desk, with_operation(petstore(), "/pets", "post", summary="Good words")
    )

    wanted = after.proposed.change.latest_revision().items.get().wanted
    assert wanted["desc"] == "Good words"
    assert not any("taken" in one for one in after.remarks)


def test_a_route_that_somebody_deleted_comes_again(desk: Desk) -> None:
    live_after(desk, petstore())
    route_id, _ = route_of(desk, "createPet")
    desk.sandbox.delete("route", route_id)

    assert items(bring(desk, petstore()).proposed.change) == [("create", "createPet")]


def test_a_route_is_known_by_its_labels_under_whatever_id(desk: Desk) -> None:
    live_after(desk, petstore())
    route_id, route = route_of(desk, "createPet")
    desk.sandbox.delete("route", route_id)
    put(desk, "mine", route, id="mine")

    with pytest.raises(NothingToChange):
        bring(desk, petstore())


def test_another_server_is_another_upstream(desk: Desk) -> None:
    servers = [{"url": "https://a.example.com"}, {"url": "https://b.example.com"}]
    with pytest.raises(Malformed) as caught:
        bring(desk, petstore(servers=servers))
    assert caught.value.field == "server"
    live_after(desk, petstore(servers=servers), server="1")

    change = live_after(
        desk, petstore(servers=servers), server="2", delete_missing=True
    )

    assert items(change) == [
        ("create", "upstream:https://b.example.com:443"),
        ("delete", "upstream:https://a.example.com:443"),
        ("update", "service"),
    ]


def test_the_router_of_the_gateway_decides_the_form(desk: Desk) -> None:
    desk.gateway.router = "radixtree_uri_with_parameter"
    desk.gateway.save()

    live_after(desk, petstore())

    assert route_of(desk, "showPetById")[1]["uri"] == "/v1/pets/:petId"


def test_what_the_gateway_refuses_is_named_by_its_place_in_the_document(
    desk: Desk,
) -> None:
    document = petstore()
    document["paths"]["/pets"]["get"]["x-apisix-plugins"] = {
        "cors": {"max_age": "long"}
    }

    with pytest.raises(Exception, match=r"at #/paths/~1pets/get\)") as caught:
        bring(desk, document)
    assert caught.value.extra["pointer"] == "#/paths/~1pets/get"
    assert not ChangeRequest.objects.exists()


def test_what_is_no_document_is_refused(desk: Desk) -> None:
    refused(Malformed, lambda: bring(desk, b"a: 1\na: 2"))
    refused(Malformed, lambda: bring(desk, {"openapi": "3.1.0", "paths": []}))
    refused(Malformed, lambda: bring(desk, petstore(), spec="No name"))


def test_more_operations_than_a_change_holds_are_refused_in_words(desk: Desk) -> None:
    paths = {f"/p{n}": {"get": {"responses": {}}} for n in range(2_001)}

    with pytest.raises(Malformed, match=r"2,003 resources.*at most 2,000"):
        bring(desk, petstore(paths=paths, security=[]))


def test_while_others_have_documents_read_it_is_told_to_come_again(desk: Desk) -> None:
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(room)
        with pytest.raises(Busy, match="Try again in some seconds"):
            shown(desk, b"openapi: 3.1.0")
