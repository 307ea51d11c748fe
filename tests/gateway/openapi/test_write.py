"""What a gateway serves, as a document that is valid and agrees with what was imported."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.held import Overlaid
from gateway.openapi.callers import enforced_by
from gateway.openapi.convert import Options, convert, whose
from gateway.openapi.errors import OpenAPIError
from gateway.openapi.keep import kept_of
from gateway.openapi.upgrade import upgraded
from gateway.openapi.write import PUBLISHED, Said, Wanted, write
from gateway.router.match import Mode
from tests.openapi_samples import (
    PETSTORE_TWO,
    as_large_as_github,
    mangled,
    petstore,
    with_operation,
)

Document = dict[str, Any]
Documents = dict[tuple[str, str], Document]


class Nothing:
    def find(self, kind: str, resource_id: str) -> None:
        return None

    def documents(self, kind: str) -> Mapping[str, Document]:
        return {}


def written(
    documents: Documents, said: Mapping[str, Said] | None = None, **wanted: Any
) -> Document:
    """Write what a gateway holds, and hold it against all rules of OpenAPI."""
    told: Document = {
        "title": "Conference gateway",
        "public_url": "https://api.example.com",
    }
    made = write(Overlaid(Nothing(), documents), said or {}, Wanted(**told | wanted))
    OpenAPIV31SpecValidator(made).validate()
    return made


def imported(document: Document, **options: Any) -> tuple[Documents, dict[str, Said]]:
    """Return what a gateway holds once a document was imported, and its record."""
    inner = upgraded(document)
    made = convert(inner, Options(**options))
    whole = {
        "documents": [[*key, one] for key, one in made.documents.items()],
        "takes": made.takes,
        "document": kept_of(inner),
    }
    said = Said.of(made.spec, whole)
    assert said is not None
    return made.documents, {made.spec: said}


def agreed(document: Document) -> dict[tuple[str, str], Any]:
    """{(path, method): (operationId, what callers prove)}, schemes written out."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    found = {}
    for path, item in document["paths"].items():
        for method in ("get", "post", "delete", "put", "patch"):
            if method in item:
                asked = item[method].get("security", document.get("security", []))
                ways = [[schemes[name] for name in sorted(way)] for way in asked]
                found[path, method] = (item[method].get("operationId"), ways)
    return found


PETS = [petstore(), PETSTORE_TWO]


@pytest.mark.parametrize(
    ("document", "mode", "per_path"),
    [
        *((one, None, False) for one in PETS),
        *((one, Mode.URI_WITH_PARAMETER, True) for one in PETS),
        (as_large_as_github(), None, True),
    ],
    ids=["3.0", "2.0", "3.0 per path", "2.0 per path", "large"],
)
def test_what_was_imported_is_written_as_it_was(
    document: Document, mode: Mode | None, *, per_path: bool
) -> None:
    held, said = imported(document, mode=mode, per_path=per_path)
    public_url = "https://api.example.com"

    made = write(
        Overlaid(Nothing(), held),
        said,
        Wanted(title="x", public_url=public_url, mode=mode),
    )

    inner = upgraded(document)
    assert agreed(made) == agreed(inner)
    assert made["info"] == inner["info"]
    base = "/v1" if document in PETS else ""
    assert made["servers"] == [{"url": f"{public_url}{base}"}]
    if document in PETS:
        OpenAPIV31SpecValidator(made).validate()


def test_what_the_document_said_of_an_operation_comes_along() -> None:
    made = written(*imported(petstore()))

    get = made["paths"]["/pets"]["get"]
    assert get["summary"] == "List all pets"
    assert get["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert made["components"]["schemas"].keys() == {"Pet", "Pets"}
    one = made["paths"]["/pets/{petId}"]["get"]
    assert [parameter["name"] for parameter in one["parameters"]] == [
        "petId",
        "X-Tenant",
    ]


def test_a_route_that_people_made_take_something_else_is_told_by_its_shape() -> None:
    held, said = imported(petstore())
    key = next(key for key, one in held.items() if whose(one)[1] == "createPet")
    held[key] = held[key] | {"uri": "/animals"}

    made = written(held, said)

    assert "/animals" in made["paths"]
    assert "post" not in made["paths"]["/v1/pets"]


def test_other_routes_are_told_by_their_shape() -> None:
    made = written(
        {
            ("route", "r1"): {
                "uri": "/speaker/*",
                "name": "conference",
                "desc": "Talks.",
            },
            ("route", "r2"): {"uris": ["/a", "/b"], "methods": ["GET", "PURGE"]},
            ("route", "r3"): {
                "uri": "/x/*",
                "vars": [["uri", "~~", r"^/x/[^/]+/a\.b$"]],
                "methods": ["POST"],
            },
            ("route", "r4"): {"uri": "/y/:id/z", "methods": ["GET"]},
            ("route", "off"): {"uri": "/off", "status": 0},
            ("route", "own"): {"uri": "/openapi.yaml", "labels": {PUBLISHED: "x"}},
        }
    )

    assert {path: sorted(item) for path, item in made["paths"].items()} == {
        "/a": ["get"],
        "/b": ["get"],
        "/speaker/{path}": ["delete", "get", "patch", "post", "put"],
        "/x/{p1}/a.b": ["post"],
        "/y/{id}/z": ["get"],
    }
    speaker = made["paths"]["/speaker/{path}"]["get"]
    assert (speaker["summary"], speaker["description"]) == ("conference", "Talks.")
    assert speaker["security"] == []


def test_what_is_enforced_comes_from_wherever_it_is_set() -> None:
    key, basic = {"key-auth": {"header": "X-K"}}, {"basic-auth": {}}
    off = {"key-auth": {"_meta": {"disable": True}}}
    held: Documents = {
        ("service", "s"): {"plugins": key},
        ("plugin_config", "p"): {"plugins": basic},
        ("route", "own"): {"uri": "/own", "methods": ["GET"], "plugins": {"jwt-auth": {}}},
        ("route", "svc"): {"uri": "/svc", "methods": ["GET"], "service_id": "s"},
        ("route", "off"): {"uri": "/off", "methods": ["GET"], "service_id": "s", "plugins": off},
        ("route", "both"): {"uri": "/both", "methods": ["GET"], "service_id": "s", "plugin_config_id": "p"},
        ("route", "open"): {"uri": "/open", "methods": ["GET"]},
    }  # fmt: skip

    made = written(held)

    def asked(path: str) -> Any:
        return made["paths"][path]["get"]["security"]

    assert asked("/own") == [{"jwt": []}]
    assert asked("/svc") == [{"key-header-X-K": []}]
    assert asked("/off") == asked("/open") == []
    assert asked("/both") == [{"basic": [], "key-header-X-K": []}]
    held["global_rule", "1"] = {"plugins": {"key-auth": {}}}
    again = written(held)["paths"]
    assert again["/open"]["get"]["security"] == [{"key-header-apikey": []}]
    assert again["/own"]["get"]["security"] == [{"jwt": [], "key-header-apikey": []}]


@pytest.mark.parametrize(
    ("plugins", "requirement"),
    [
        ({"key-auth": {"header": "a", "query": "b"}}, [{"key-header-a": []}, {"key-query-b": []}]),
        ({"key-auth": {"anonymous_consumer": "x"}}, [{"key-header-apikey": []}, {}]),
        ({"jwt-auth": {"header": "X-J"}}, [{"key-header-X-J": []}]),
        ({"openid-connect": {"discovery": "https://id/"}}, [{"oidc": []}]),
        ({"openid-connect": {"discovery": "https://id/", "unauth_action": "pass"}}, []),
        ({"multi-auth": {"auth_plugins": [{"basic-auth": {}}, {"jwt-auth": {}}]}}, [{"basic": []}, {"jwt": []}]),
        ({"cors": {}, "limit-count": {}}, []),
        ({"multi-auth": 7, "key-auth": None}, [{"key-header-apikey": []}]),
    ],
)  # fmt: skip
def test_each_plugin_asks_for_what_it_asks(plugins: Any, requirement: Any) -> None:
    assert enforced_by(plugins.items()).requirement == requirement


def test_what_has_no_word_is_told_in_words() -> None:
    held: Documents = {
        ("route", "r"): {
            "uri": "/a",
            "methods": ["GET"],
            "plugins": {"forward-auth": {}},
        }
    }

    get = written(held)["paths"]["/a"]["get"]

    assert get["security"] == []
    assert "asks callers by forward-auth" in get["description"]


def test_what_is_no_longer_enforced_is_not_said() -> None:
    held, said = imported(petstore())
    for document in held.values():
        document.pop("plugins", None)

    assert all(not ways for _, ways in agreed(written(held, said)).values())


def test_hosts_are_servers_and_choose() -> None:
    held: Documents = {
        ("service", "s"): {"hosts": ["shop.example.com"]},
        ("route", "a"): {"uri": "/a", "methods": ["GET"], "service_id": "s"},
        ("route", "b"): {"uri": "/b", "methods": ["GET"], "hosts": ["*.example.org"]},
        ("route", "c"): {"uri": "/c", "methods": ["GET"]},
    }

    made = written(held, public_url="http://api.example.com:9080")

    assert made["servers"] == [{"url": "http://api.example.com:9080"}]
    assert made["paths"]["/a"]["get"]["servers"] == [
        {"url": "http://shop.example.com:9080"}
    ]
    assert (
        made["paths"]["/b"]["get"]["servers"][0]["url"]
        == "http://{sub}.example.org:9080"
    )
    assert written(held, host="shop.example.com")["paths"].keys() == {"/a", "/c"}
    assert written(held, host="x.example.org")["paths"].keys() == {"/b", "/c"}
    only = written(held, service="s")
    assert only["paths"].keys() == {"/a"}
    assert only["servers"] == [{"url": "https://shop.example.com"}]


def test_two_documents_may_call_different_things_alike() -> None:
    other = petstore(info={"title": "Other", "version": "1"})
    other["components"]["schemas"]["Pet"] = {"type": "string"}
    other["paths"] = {f"/other{path}": item for path, item in other["paths"].items()}
    first, second = imported(petstore()), imported(other)

    made = written(first[0] | second[0], first[1] | second[1])

    schemas = made["components"]["schemas"]
    assert schemas["Pet"] == {"type": "string"}
    assert schemas["Pets"]["items"] == {"$ref": "#/components/schemas/Pet"}
    theirs = {"$ref": "#/components/schemas/pet-store.Pet"}
    assert schemas["pet-store.Pets"]["items"] == theirs
    assert schemas["pet-store.Pet"]["type"] == "object"
    ids = [one[0] for one in agreed(made).values() if one[0]]
    assert len(ids) == len(set(ids))


def test_an_empty_gateway_is_a_document_too() -> None:
    assert written({})["paths"] == {}
    assert written({}, public_url="")["servers"]


def test_a_reference_that_is_no_component_is_left_open() -> None:
    document = with_operation(
        petstore(),
        "/pets",
        "get",
        responses={
            "200": {
                "description": ".",
                "content": {
                    "application/json": {"schema": {"$ref": "#/paths/~1pets/post/x"}}
                },
            }
        },
    )

    made = written(*imported(document))

    content = made["paths"]["/pets"]["get"]["responses"]["200"]["content"]
    assert content == {"application/json": {"schema": {}}}


@pytest.mark.parametrize("seed", range(10))
def test_whatever_was_imported_can_be_written(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    for _ in range(60):
        document = mangled(chance.choice((petstore(), PETSTORE_TWO)), chance)
        options = {"auth": chance.random() < 0.5, "base_url": "http://b/"}
        try:
            held, said = imported(document, **options)
        except OpenAPIError:
            continue
        # Somebody else's plugins, so that its own words are compared with them.
        for one in held.values():
            one["plugins"] = {"key-auth": {"header": "X-API-Key"}}
        made = write(
            Overlaid(Nothing(), held), said, Wanted(title="x", public_url="http://a")
        )
        assert made["openapi"]
