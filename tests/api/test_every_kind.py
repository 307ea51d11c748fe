"""Every kind can be asked for, read, edited and removed; typed kinds are checked by name."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from gateway.kinds import KINDS
from gateway.merge import merge_patch
from gateway.mirror import refresh
from portal.api.documents import whole_document
from portal.changes.deliver import deliver
from portal.changes.models import ChangeRequest
from portal.changes.review import approve
from portal.changes.states import State
from portal.wire.inputs.documents import TYPED
from tests.actors import present
from tests.api.conftest import Desk, Program, assert_problem, stored
from tests.every_kind import KIND_NAMES, Example, example
from tests.factories import Cast, make_gateway
from tests.sandbox import SandboxGateway

PUBLIC_URL = "http://localhost:5000"


@pytest.fixture(scope="module")
def stream_server() -> Iterator[SandboxGateway]:
    """A sandbox that takes stream routes, too."""
    gateway = SandboxGateway(stream=True)
    yield gateway
    gateway.close()


@pytest.fixture
def desk(people: Cast, stream_server: SandboxGateway) -> Desk:
    stream_server.reset()
    gateway = make_gateway(
        admin_url=stream_server.admin_url, admin_key=stream_server.key, version=""
    )
    return Desk(gateway, stream_server, people)


def ask(program: Program, *items: dict[str, Any]) -> ChangeRequest:
    """File a change over the API; return it."""
    response = program.post(
        "/api/changes", {"title": "x", "reason": "x", "items": list(items)}
    )
    assert response.status_code == 202, response.content.decode()
    return ChangeRequest.objects.get(pk=response.json()["change"]["number"])


def applied(change: ChangeRequest, desk: Desk) -> None:
    """Approve and deliver a change."""
    approve(change.latest_revision(), actor=present(desk.people.riley))
    deliver(change.latest_revision().delivery.pk)
    change.refresh_from_db()
    assert change.state == State.APPLIED


def read(program: Program, one: Example) -> Any:
    response = program.get(f"/api/resources/{one.kind}/{one.id}")
    assert response.status_code == 200, response.content.decode()
    return response.json()["document"]


def held(desk: Desk, one: Example) -> None:
    """Let the gateway hold a resource, and what it needs."""
    for needed in (*one.needs, one):
        desk.sandbox.put(needed.kind, needed.id, needed.document)
    refresh(desk.gateway)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_it_is_created_read_updated_and_deleted(
    kind: str, desk: Desk, alice: Program
) -> None:
    one = example(kind)
    at = {"kind": kind, "id": one.id}
    for needed in one.needs:
        desk.sandbox.put(needed.kind, needed.id, needed.document)

    applied(ask(alice, {"action": "create", **at, "document": one.document}), desk)
    seen = read(alice, one)
    listed = alice.get(f"/api/resources/{kind}").json()["results"]
    assert one.document.keys() - KINDS[kind].write_only <= seen.keys()
    assert [row["id"] for row in listed] == [one.id]

    # A private key is never read back, so whoever edits a certificate brings it.
    brought = {
        name: one.document[name]
        for name in KINDS[kind].write_only & one.document.keys()
    }
    change = ask(alice, {"action": "update", **at, "document": one.edit | brought})
    applied(change, desk)
    for name, value in one.edit.items():
        told = read(alice, one)[name]
        assert (
            told == value
            if not isinstance(value, dict)
            else value.items() <= told.items()
        )

    applied(ask(alice, {"action": "delete", **at}), desk)
    assert desk.sandbox.get(kind, one.id) is None
    gone = alice.get(f"/api/resources/{kind}/{one.id}")
    assert_problem(gone, 404)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_what_was_read_can_be_sent_back_with_one_field_more(
    kind: str, desk: Desk, alice: Program
) -> None:
    """Times of the gateway's own and redacted secrets included."""
    one = example(kind)
    held(desk, one)
    document = read(alice, one)
    sent = document | one.edit
    sent |= {
        name: one.document[name]
        for name in KINDS[kind].write_only & one.document.keys()
    }

    change = ask(
        alice, {"action": "update", "kind": kind, "id": one.id, "document": sent}
    )

    wanted = change.latest_revision().items.get().whole_wanted()
    expected = merge_patch(one.document, one.edit)
    assert {name: wanted[name] for name in expected} == expected


@pytest.mark.parametrize("kind", sorted(TYPED))
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"descr": "x"}, "Did you mean desc?"),
        ({"desc": 1}, "Give text"),
        ({"labels": ["a"]}, "Give an object"),
        ({"labels": {"team": 1}}, "Give text"),
        ({"id": "no id"}, "Give an id"),
    ],
)
@pytest.mark.parametrize("path", ["/api/changes", "/api/changes/preview"])
def test_a_typed_document_is_refused_by_the_name_of_its_field(
    kind: str, extra: dict[str, Any], words: str, path: str, desk: Desk, alice: Program
) -> None:
    one = example(kind)
    before = stored()
    item = {"kind": kind, "id": one.id, "document": one.document | extra}

    refused = alice.post(
        path,
        {
            "title": "x",
            "reason": "x",
            "items": [
                {"action": "create", "kind": "proto", "document": {"content": "x"}},
                {"action": "create", **item},
            ],
        },
    )

    (name,) = extra
    told = assert_problem(refused, 400, "malformed")
    assert told["field"].startswith(f"items.1.document.{name}")
    assert words in told["detail"]
    assert stored() == before


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("service", "upstream.nodes.a:1", {"upstream": {"nodes": {"a:1": "x"}}}),
        ("service", "hosts", {"hosts": "shop.example.com"}),
        ("upstream", "nodes.0.weight", {"nodes": [{"host": "a", "weight": -1}]}),
        ("consumer", "username", {"username": "jack smith"}),
        ("credential", "plugins.key-auth", {"plugins": {"key-auth": "secret"}}),
        ("plugin_config", "plugins", {"plugins": []}),
        ("route", "uris", {"uri": "/a", "uris": ["/b"]}),
    ],
)
def test_what_is_wrong_deep_inside_is_named_too(
    kind: str, field: str, value: dict[str, Any], desk: Desk, alice: Program
) -> None:
    item = {"action": "update", "kind": kind, "id": "x", "document": value}

    refused = alice.post("/api/changes", {"title": "x", "reason": "x", "items": [item]})

    assert_problem(refused, 400, "malformed", f"items.0.document.{field}")


@pytest.mark.parametrize("kind", sorted(set(KIND_NAMES) - set(TYPED) - {"secret"}))
def test_the_gateway_s_own_schema_judges_the_other_kinds(
    kind: str, desk: Desk, alice: Program
) -> None:
    """Secrets: their schema is told by no Admin API, only their own PUT knows it."""
    one = example(kind)
    wrong = {"log_format": 1} if kind == "plugin_metadata" else {"nosuchfield": 1}
    item = {"action": "create", "kind": kind, "id": one.id}
    sent = {
        "title": "x",
        "reason": "x",
        "items": [item | {"document": one.document | wrong}],
    }

    refused = assert_problem(alice.post("/api/changes", sent), 422, "blocked")

    assert refused["findings"][0]["code"] == "invalid_document"


def test_a_field_that_only_this_gateway_knows_is_passed_on(
    desk: Desk, alice: Program
) -> None:
    """Typed forms are of one version; the gateway's own schema may have more."""
    held(desk, example("service"))
    ask(
        alice,
        {
            "action": "update",
            "kind": "service",
            "id": "one-service",
            "document": {"desc": "a"},
        },
    )
    kept = desk.gateway.catalogue
    for kind in ("service", "upstream"):
        kept.document["kinds"][kind]["properties"]["tomorrow"] = {}
    kept.fetched_at = kept.fetched_at.replace(year=2000)
    kept.save()

    tried = alice.post(
        "/api/changes/preview",
        {
            "items": [
                {
                    "action": "update",
                    "kind": "service",
                    "id": "one-service",
                    "document": {"tomorrow": 1, "upstream": {"tomorrow": 1}},
                }
            ]
        },
    )

    # The gateway itself knows nothing of it; that is a finding and no bad input.
    assert tried.status_code == 200, tried.content
    assert tried.json()["accepted"] is False


@pytest.mark.parametrize("kind", ["service", "upstream", "consumer", "credential"])
def test_null_removes_a_field(kind: str, desk: Desk, alice: Program) -> None:
    one = example(kind)
    for needed in one.needs:
        desk.sandbox.put(needed.kind, needed.id, needed.document)
    more = {"desc": "old", "labels": {"a": "1", "b": "2"}}
    desk.hold(kind, one.id, one.document | more)
    removed = {"desc": None, "labels": {"a": None}}

    change = ask(
        alice, {"action": "update", "kind": kind, "id": one.id, "document": removed}
    )

    wanted = change.latest_revision().items.get().whole_wanted()
    assert "desc" not in wanted
    assert wanted["labels"] == {"b": "2"}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return whole_document(PUBLIC_URL)


@pytest.mark.parametrize("form", TYPED.values(), ids=lambda form: form.__name__)
def test_a_typed_document_is_published_with_words_and_an_example_that_fits(
    form: Any, published: dict[str, Any]
) -> None:
    schemas = published["components"]["schemas"]
    own = schemas[form.__name__]
    told = schemas["ItemBody"]["properties"]["document"]["anyOf"]

    assert {"$ref": f"#/components/schemas/{form.__name__}"} in told
    assert all(one.get("description") for one in own["properties"].values())
    whole = {**own, "components": published["components"]}
    for given in own.get("examples", [example(form.kind).document]):
        jsonschema_rs.Draft202012Validator(whole).validate(given)


@pytest.mark.parametrize(
    "form",
    [form for form in TYPED.values() if form.example],
    ids=lambda form: form.__name__,
)
def test_the_published_example_is_accepted(
    form: Any, desk: Desk, alice: Program
) -> None:
    one = example(form.kind)
    for needed in one.needs:
        desk.sandbox.put(needed.kind, needed.id, needed.document)
    ask(
        alice,
        {"action": "create", "kind": form.kind, "id": one.id, "document": form.example},
    )


@pytest.mark.django_db
def test_the_plugin_s_document_only_says_where_they_are(client: Client) -> None:
    item = client.get("/openapi.json").json()["components"]["schemas"]["ItemBody"]

    assert "anyOf" not in item["properties"]["document"]
    assert "/api/openapi.yaml" in item["properties"]["document"]["description"]
