"""What a document says becomes a service, upstreams and routes, each told by its labels."""

import json
import random
from typing import Any

import pytest

from gateway.openapi.convert import Made, Options, convert, spec_name, whose
from gateway.openapi.errors import OpenAPIError
from gateway.openapi.keep import kept_of
from gateway.openapi.source import read_source
from gateway.openapi.upgrade import upgraded
from gateway.router.match import Mode, Request, Router
from tests.openapi_samples import (
    PETSTORE_TWO,
    as_large_as_github,
    mangled,
    petstore,
    with_operation,
)


def made(document: dict[str, Any], **options: Any) -> Made:
    return convert(upgraded(document), Options(**options))


def routes(told: Made) -> dict[str, dict[str, Any]]:
    """{operation: route}"""
    return {
        whose(document)[1]: document
        for (kind, _), document in told.documents.items()
        if kind == "route"
    }


def the(kind: str, told: Made) -> dict[str, Any]:
    (only,) = [one for (k, _), one in told.documents.items() if k == kind]
    return only


def router(told: Made, mode: Mode = Mode.HOST_URI) -> Router:
    return Router(
        [
            document | {"id": whose(document)[1]}
            for (kind, _), document in told.documents.items()
            if kind == "route"
        ],
        mode=mode,
    )


def answerer(told: Made, method: str, path: str, mode: Mode = Mode.HOST_URI) -> str:
    match = router(told, mode).match(Request(method, path=path))
    return match.route_id if match else ""


def test_the_pet_store_becomes_a_service_an_upstream_and_routes() -> None:
    told = made(petstore())

    assert (told.spec, told.version) == ("pet-store", "1.0.7")
    upstream_id = next(i for kind, i in told.documents if kind == "upstream")
    assert the("upstream", told) == {
        "name": "Pet Store petstore.example.com",
        "type": "roundrobin",
        "scheme": "https",
        "nodes": {"petstore.example.com:443": 1},
        "pass_host": "node",
        "labels": {
            "openapi.spec": "pet-store",
            "openapi.op": "upstream:https://petstore.example.com:443",
        },
    }
    service = the("service", told)
    assert (service["name"], service["upstream_id"]) == ("Pet Store", upstream_id)
    found = routes(told)
    assert list(found) == [
        *("listPets", "createPet", "showPetById", "DELETE:/pets/{petId}", "myPets"),
    ]
    assert found["listPets"] == {
        "name": "listPets",
        "desc": "List all pets",
        "methods": ["GET"],
        "uri": "/v1/pets",
        "service_id": next(i for kind, i in told.documents if kind == "service"),
        "labels": {"openapi.spec": "pet-store", "openapi.op": "listPets"},
    }
    assert [one.get("plugins") for one in found.values()] == [
        None,
        {"key-auth": {"header": "X-API-Key"}},
        {"basic-auth": {}},
        {"jwt-auth": {}},
        {"key-auth": {"header": "X-API-Key"}},
    ]
    assert found["showPetById"]["vars"] == [["uri", "~~", "^/v1/pets/[^/]+$"]]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("is_told", [True, False])
def test_each_request_reaches_its_operation_under_every_router(
    mode: Mode, *, is_told: bool
) -> None:
    document = with_operation(petstore(), "/pets/{a}/{b}", "get", operationId="any")
    document = with_operation(document, "/pets/{a}/photo", "get", operationId="photo")
    document = with_operation(document, "/pets/{a}.json", "get", operationId="json")
    told = made(document, mode=mode if is_told else None)

    for method, path, operation in (
        ("GET", "/v1/pets", "listPets"),
        ("POST", "/v1/pets", "createPet"),
        ("GET", "/v1/pets/7", "showPetById"),
        ("GET", "/v1/pets/mine", "myPets"),
        ("DELETE", "/v1/pets/mine", "DELETE:/pets/{petId}"),
        ("GET", "/v1/pets/7/x", "any"),
        ("GET", "/v1/pets/7/photo", "photo"),
        ("GET", "/v1/pets/7.json", "json"),
        ("PUT", "/v1/pets", ""),
        ("GET", "/v1/pets/7/photo/x", ""),
        ("GET", "/pets", ""),
    ):
        assert answerer(told, method, path, mode) == operation


def test_the_same_document_means_the_same_ids_whatever_is_renamed() -> None:
    before = made(petstore(), spec="shop")
    moved = petstore(info={"title": "Renamed", "version": "2"})
    moved["paths"]["/animals"] = moved["paths"].pop("/pets")

    after = made(moved, spec="shop")

    assert before.documents.keys() == after.documents.keys()
    ids = [resource_id for _, resource_id in before.documents]
    assert len({len(one) for one in ids}) == 1


def test_operations_of_a_path_may_share_a_route_where_they_are_alike() -> None:
    document = petstore(security=[])
    document["paths"]["/pets"]["get"].pop("security")

    found = routes(made(document, per_path=True))

    assert found["*:/pets"]["methods"] == ["GET", "POST"]
    assert found["*:/pets"]["name"] == "/pets"
    # Their callers prove themselves in different ways.
    assert found["GET:/pets/{petId}"]["plugins"] == {"basic-auth": {}}
    assert found["DELETE:/pets/{petId}"]["plugins"] == {"jwt-auth": {}}


def test_nobody_is_asked_for_anything_where_that_is_not_wanted() -> None:
    assert not any(
        "plugins" in one for one in routes(made(petstore(), auth=False)).values()
    )


def test_bodies_and_headers_are_validated_where_that_is_asked() -> None:
    found = routes(made(petstore(), validate=True))

    assert "request-validation" in found["createPet"]["plugins"]
    assert "header_schema" in found["showPetById"]["plugins"]["request-validation"]


def test_hosts_are_those_of_the_service() -> None:
    assert the("service", made(petstore(), hosts=("a.example.com",)))["hosts"] == [
        "a.example.com"
    ]


def test_a_path_of_another_server_has_its_own_upstream_and_base() -> None:
    document = petstore()
    document["paths"]["/pets/mine"]["servers"] = [
        {"url": "http://mine.example.com:81/x"}
    ]

    told = made(document)

    assert sum(kind == "upstream" for kind, _ in told.documents) == 2
    mine = routes(told)["myPets"]
    assert mine["uri"] == "/x/pets/mine"
    assert told.documents["upstream", mine["upstream_id"]]["nodes"] == {
        "mine.example.com:81": 1
    }


def test_a_document_without_servers_is_relative() -> None:
    document = petstore()
    document.pop("servers")

    with pytest.raises(OpenAPIError, match="relative"):
        made(document)
    assert the("upstream", made(document, base_url="http://a.example.com/x/api.yaml"))[
        "nodes"
    ] == {"a.example.com:80": 1}


def test_extensions_are_honoured_from_the_outer_to_the_inner() -> None:
    document = petstore(
        **{
            "x-adc-name": "Shop",
            "x-adc-labels": {"team": "pets"},
            "x-adc-plugins": {"cors": {}},
            "x-adc-plugin-prometheus": {},
            "x-ratelimit": {"limit": 100, "window": "1m"},
            "x-adc-upstream-defaults": {"retries": 2},
            "x-adc-upstream-node-defaults": {"weight": 7},
            "x-adc-service-defaults": {"enable_websocket": True},
            "x-adc-route-defaults": {"priority": 1, "id": "evil"},
        }
    )
    document["paths"]["/pets"]["x-adc-plugins"] = {"cors": {"allow_origins": "a"}}
    document["paths"]["/pets"]["x-adc-route-defaults"] = {"priority": 2}
    get = document["paths"]["/pets"]["get"]
    get["x-adc-plugin-cors"] = {"allow_origins": "b"}
    get["x-apisix-vars"] = [["arg_v", "==", "2"]]
    get["x-apisix-labels"] = {"openapi.op": "forged", "own": "1"}
    get["x-rate-limit-limit"] = 5
    get["x-apisix-upstream"] = {"nodes": {"10.0.0.1:80": 1}}
    document["paths"]["/pets/{petId}"]["get"]["x-apisix-vars"] = [
        "OR",
        ["a", "==", "b"],
        ["c", "==", "d"],
    ]

    told = made(document)

    service, upstream = the("service", told), the("upstream", told)
    assert (service["name"], service["enable_websocket"]) == ("Shop", True)
    assert service["labels"]["team"] == "pets"
    assert set(service["plugins"]) == {"cors", "prometheus", "limit-count"}
    assert service["plugins"]["limit-count"]["time_window"] == 60
    assert upstream["retries"] == 2
    assert upstream["nodes"] == [
        {"host": "petstore.example.com", "port": 443, "weight": 7}
    ]
    found = routes(told)
    listed = found["listPets"]
    assert listed["priority"] == 2
    assert listed["plugins"]["cors"] == {"allow_origins": "b"}
    assert listed["plugins"]["limit-count"]["count"] == 5
    assert listed["vars"] == [["arg_v", "==", "2"]]
    assert listed["labels"] == {
        "openapi.spec": "pet-store",
        "openapi.op": "listPets",
        "own": "1",
    }
    assert listed["upstream"] == {"nodes": {"10.0.0.1:80": 1}}
    assert found["createPet"]["plugins"]["cors"] == {"allow_origins": "a"}
    assert "id" not in found["createPet"]
    assert found["showPetById"]["vars"] == [
        ["uri", "~~", "^/v1/pets/[^/]+$"],
        ["OR", ["a", "==", "b"], ["c", "==", "d"]],
    ]
    assert any("OPTIONS" in one for one in told.remarks)


@pytest.mark.parametrize(
    "limit",
    [{"limit": 0}, {"limit": "5"}, {"limit": 5, "window": "soon"}, {"limit": True}],
)
def test_a_rate_limit_that_is_none_is_refused_by_its_place(limit: Any) -> None:
    document = petstore()
    document["paths"]["/pets"]["get"]["x-ratelimit"] = limit

    with pytest.raises(OpenAPIError) as caught:
        made(document)
    assert caught.value.pointer == "#/paths/~1pets/get"


def test_operations_that_share_a_name_are_told_apart() -> None:
    document = with_operation(petstore(), "/other", "get", operationId="listPets")

    assert {"listPets", "GET:/other"} <= routes(made(document)).keys()


@pytest.mark.parametrize("name", ["with blanks in it", "x" * 300, "naïve"])
def test_any_operation_name_makes_a_label(name: str) -> None:
    document = with_operation(petstore(), "/pets", "get", operationId=name)

    label = list(routes(made(document)))[0]

    assert 0 < len(label) <= 200
    assert label.isascii()
    assert " " not in label


def test_what_a_gateway_cannot_tell_apart_or_take_is_left_out_and_told() -> None:
    document = with_operation(petstore(), "/pets/{id}", "get", operationId="twin")
    document = with_operation(document, "/q?a=1", "get", operationId="query")

    told = made(document)

    assert not {"twin", "query"} & routes(told).keys()
    assert any("cannot tell it from showPetById: twin" in one for one in told.remarks)
    assert any("no query" in one for one in told.remarks)


def test_a_document_without_operations_is_refused() -> None:
    with pytest.raises(OpenAPIError, match="nothing to route"):
        made(petstore(paths={}))


@pytest.mark.parametrize(("title", "name"), [("Größe & Co", "gr-e-co"), ("***", "api")])
def test_a_document_is_named_by_its_title(title: str, name: str) -> None:
    assert spec_name(title) == name


def test_a_large_document_becomes_its_routes() -> None:
    told = made(as_large_as_github())

    assert len(told.documents) == 1_202
    found = router(told)
    for path, operation in (
        ("/repos/a/b/area0/thing1", "area0/op-2"),
        ("/repos/a/b/area19/thing39/x", "area19/op-1199"),
    ):
        match = found.match(Request(path=path))
        assert match is not None
        assert match.route_id == operation


SAID = {
    "x-ratelimit": {"limit": 3, "window": "1m"},
    "x-adc-plugins": {"cors": {}},
    "x-apisix-labels": {"a": "b"},
    "x-adc-upstream-defaults": {"retries": 1},
    "x-adc-route-defaults": {"priority": 3},
    "x-apisix-vars": [["a", "==", "b"]],
    "servers": [
        {"url": "https://{h}/v1", "variables": {"h": {"default": "a", "enum": ["a"]}}}
    ],
}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stands_in_a_document_it_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(60):
        document = mangled(chance.choice((petstore(**SAID), PETSTORE_TWO)), chance)
        options = Options(
            validate=True, per_path=chance.random() < 0.5, base_url="http://b/"
        )
        try:
            inner = upgraded(read_source(json.dumps(document).encode()))
            told = convert(inner, options)
        except OpenAPIError:
            continue
        assert told.documents
        kept_of(inner)
