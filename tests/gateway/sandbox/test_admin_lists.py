"""Lists: order, filters, pages, and the shapes of what is empty."""

import pytest

from tests.gateway.sandbox.conftest import ROUTE, UPSTREAM


@pytest.fixture
def many(ask):
    # Made backwards, so that the order of ids is not the order of making.
    for number in range(25, 0, -1):
        service = {
            "upstream": UPSTREAM,
            "name": f"svc{number:02d}",
            "labels": {"n": str(number % 2)} | ({"odd": "1"} if number % 2 else {}),
        }
        assert ask("PUT", f"/services/s{number:02d}", service).ok
    return ask


def ids(answer):
    return [item["value"]["id"] for item in answer.json()["list"]]


def test_an_empty_list_is_an_array_and_a_page_past_the_end_an_object(many):
    assert many("GET", "/routes").json() == {"total": 0, "list": []}
    assert many("GET", "/services?page=4&page_size=10").json() == {
        "total": 25,
        "list": {},
    }


def test_a_whole_list_is_in_the_order_of_ids_and_pages_in_that_of_making(many):
    assert ids(many("GET", "/services")) == [f"s{n:02d}" for n in range(1, 26)]
    first = many("GET", "/services?page=1&page_size=10")
    assert ids(first) == [f"s{n:02d}" for n in range(25, 15, -1)]
    assert first.json()["total"] == 25
    assert ids(many("GET", "/services?page=3&page_size=10")) == [
        f"s{n:02d}" for n in range(5, 0, -1)
    ]


def test_paging_needs_both_numbers_within_bounds(many):
    assert len(ids(many("GET", "/services?page_size=10"))) == 25
    assert len(ids(many("GET", "/services?page=x&page_size=10"))) == 25
    assert ids(many("GET", "/services?page=-1&page_size=10")) == ids(
        many("GET", "/services?page=1&page_size=10")
    )
    for size in (5, 501):
        answer = many("GET", f"/services?page=1&page_size={size}")
        assert answer.status_code == 400
        assert answer.text == "page_size must be between 10 and 500"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("name=svc01", 1),
        ("name=vc0", 9),
        ("name=VC0", 0),
        ("name=svc0[12]$", 2),
        ("name=(", 0),
        ("label=odd", 13),
        ("label=n:1", 0),
        ("label=", 0),
        ("name=svc0&label=odd", 5),
        ("uri=/x", 0),
        ("filter=service_id%3Dx", 25),
    ],
)
def test_filters_find_what_the_gateway_finds(many, query, count):
    answer = many("GET", f"/services?{query}")

    assert len(ids(answer)) == count
    assert answer.json()["total"] == count


def test_routes_are_found_by_uri_and_by_what_they_name(ask):
    ask("PUT", "/services/s1", {"upstream": UPSTREAM})
    ask("PUT", "/services/2", {"upstream": UPSTREAM})
    ask("PUT", "/routes/a", {"uris": ["/x/one", "/two"], "service_id": "s1"})
    ask("PUT", "/routes/b", {"uri": "/three", "service_id": 2})
    ask("PUT", "/routes/c", ROUTE)

    assert ids(ask("GET", "/routes?uri=/x/")) == ["a"]
    assert ids(ask("GET", "/routes?filter=service_id%3Ds1")) == ["a"]
    # A number that is stored is not the text that is asked for.
    assert ids(ask("GET", "/routes?filter=service_id%3D2")) == []
    assert len(ids(ask("GET", "/routes?filter=uri%3Dx"))) == 3
    # Routes without a name have the name "nil".
    assert len(ids(ask("GET", "/routes?name=nil"))) == 3


@pytest.mark.parametrize("path", ["/routes/", "//routes", "/routes?x=1"])
def test_slashes_and_unknown_arguments_do_not_matter(ask, path):
    ask("PUT", "/routes/r1", ROUTE)

    assert ids(ask("GET", path)) == ["r1"]


def test_a_path_below_an_id_means_the_whole_document(ask):
    ask("PUT", "/routes/r1", ROUTE)

    assert ask("GET", "/routes/r1/uri").json()["key"] == "/apisix/routes/r1"
    assert ask("DELETE", "/routes/r1/uri").json()["deleted"] == "1"
