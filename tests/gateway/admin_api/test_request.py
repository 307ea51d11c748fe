"""Which resource an Admin API's path names, as APISIX takes it apart."""

from math import inf

import pytest

from gateway.admin_api.lists import BadPage, listing
from gateway.admin_api.request import UnknownKind, address_of, lua_number, segments


def named(path: str, method: str = "GET") -> tuple[str, str | None, str, str | None]:
    address = address_of(method, segments(f"/apisix/admin{path}"))
    return (
        address.kind.name,
        address.resource_id,
        address.sub_path,
        address.parent,
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/routes", ("route", None, "", None)),
        ("/routes/", ("route", None, "", None)),
        ("/routes//r1", ("route", "r1", "", None)),
        ("/routes/r1/upstream/nodes", ("route", "r1", "upstream/nodes", None)),
        ("/consumers/jack", ("consumer", "jack", "", None)),
        ("/consumers/jack/credentials", ("credential", None, "", "jack")),
        ("/consumers/jack/credentials/c1", ("credential", "c1", "", "jack")),
        ("/secrets", ("secret", None, "", None)),
        ("/secrets/vault", ("secret", None, "", None)),
        ("/secrets/vault/1/token", ("secret", "vault/1", "token", None)),
        ("/plugin_metadata/cors", ("plugin_metadata", "cors", "", None)),
    ],
)
def test_a_path_names_a_resource(
    path: str, expected: tuple[str, str | None, str, str | None]
) -> None:
    assert named(path) == expected


def test_a_manager_alone_is_an_id_for_what_writes() -> None:
    assert named("/secrets/vault", "PUT") == ("secret", "vault", "", None)


def test_a_credential_is_kept_below_its_consumer() -> None:
    address = address_of("GET", ["consumers", "jack", "credentials", "c1"])

    assert address.key("c1") == "jack/credentials/c1"


@pytest.mark.parametrize("segment", ["nosuch", "credentials", "route", ""])
def test_another_segment_names_nothing(segment: str) -> None:
    with pytest.raises(UnknownKind, match=f"Unsupported resource type: {segment}"):
        address_of("GET", [segment, "1"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10),
        ("1e2", 100),
        ("0x10", 16),
        (" 5 ", 5),
        ("", None),
        ("x", None),
        (f"0x{'f' * 400}", inf),
        (f"-0x{'f' * 400}", -inf),
    ],
)
def test_a_number_is_one_where_lua_says_so(text: str, number: float | None) -> None:
    assert lua_number(text) == number


def test_a_page_without_end_is_past_the_end() -> None:
    rows = [{"value": {}, "createdIndex": 1}]

    listed = listing("route", rows, {"page": "1e999", "page_size": "10"})

    assert listed == {"total": 1, "list": {}}
    with pytest.raises(BadPage):
        listing("route", rows, {"page": "1", "page_size": "1e999"})
