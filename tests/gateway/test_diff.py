"""What changes between two documents, and the words for it."""

import copy
from typing import Any

import pytest
from hypothesis import given

from gateway.diff import Difference, Op, diff
from gateway.documents import same
from tests.gateway.test_documents import documents, mutations, values

ROUTE = {
    "uri": "/speaker/*",
    "methods": ["GET", "POST"],
    "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}},
    "plugins": {"limit-count": {"count": 100, "time_window": 60}},
}


def told(before: Any, after: Any) -> list[str]:
    return [one.describe() for one in diff(before, after)]


def with_(**fields: Any) -> dict[str, Any]:
    return {**ROUTE, **fields}


# --- What counts as a difference


@given(documents, documents)
def test_there_is_a_difference_exactly_where_documents_are_not_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    one.pop("id", None)
    other.pop("id", None)
    assert (diff(one, other) == []) is same("route", one, other)


@given(documents)
def test_a_document_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    assert diff(document, copy.deepcopy(document)) == []


@given(documents, documents)
def test_backwards_what_was_added_is_removed(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    forth, back = diff(one, other), diff(other, one)
    mirrored = {Op.ADD: Op.REMOVE, Op.REMOVE: Op.ADD, Op.CHANGE: Op.CHANGE}

    def seen(found: list[Difference]) -> list[Any]:
        return sorted(str(one.op) for one in found)

    assert seen(forth) == sorted(str(mirrored[one.op]) for one in back)


def test_every_single_change_of_a_route_is_told_in_words() -> None:
    for what, path, mutant in mutations(ROUTE):
        found = diff(ROUTE, mutant)
        assert found, (what, path)
        for one in found:
            before, arrow, after = one.describe().partition(" → ")
            assert not arrow or before.partition(": ")[2] != after, one.describe()


@given(values, values)
def test_any_two_values_can_be_told(one: Any, other: Any) -> None:
    for difference in diff({"a": one}, {"a": other}):
        assert difference.describe().isprintable()
        assert difference.dotted.isprintable()


def test_what_the_gateway_manages_is_no_difference() -> None:
    assert diff(ROUTE, with_(create_time=1, update_time=2, createdIndex=3)) == []
    assert [one.path for one in diff({"a": {"create_time": 1}}, {"a": {}})] == [
        ("a", "create_time")
    ]


def test_from_nothing_every_field_is_added() -> None:
    assert [(one.path, one.op) for one in diff(None, ROUTE)] == [
        (("methods",), Op.ADD),
        (("plugins", "limit-count"), Op.ADD),
        (("upstream",), Op.ADD),
        (("uri",), Op.ADD),
    ]
    assert {one.op for one in diff(ROUTE, None)} == {Op.REMOVE}
    assert diff(None, None) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), ([1], [True]), ([0], [False]), ({}, []), ("1", 1), (None, False)],
)
def test_unlike_types_differ(before: Any, after: Any) -> None:
    assert diff({"a": before}, {"a": after}) == [
        Difference(("a",), Op.CHANGE, before, after)
    ]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), ([1.0], [1]), (1e20, 10**20)])
def test_one_number_in_two_forms_is_no_difference(one: Any, other: Any) -> None:
    assert diff({"a": one}, {"a": other}) == []


def test_nodes_are_told_by_their_address_in_either_form() -> None:
    before = [{"host": "a", "port": 80, "weight": 1}, {"host": "b", "weight": 1}]
    after = [{"host": "c", "weight": 1}, {"host": "a", "port": 80, "weight": 2}]
    assert [
        (one.path, one.op) for one in diff({"nodes": before}, {"nodes": after})
    ] == [
        (("nodes", "a:80", "weight"), Op.CHANGE),
        (("nodes", "b"), Op.REMOVE),
        (("nodes", "c"), Op.ADD),
    ]
    assert told({"nodes": before}, {"nodes": after}) == [
        "node a:80 weight: 1 → 2",
        "node b removed (was weight 1)",
        "node c added: weight 1",
    ]
    assert told({"nodes": {"a:80": 1}}, {"nodes": {"a:80": 5, "b:80": 0}}) == [
        "node a:80 weight: 1 → 5",
        "node b:80 added: weight 0",
    ]


@pytest.mark.parametrize(
    "after",
    [
        [{"host": "b", "weight": 1}, {"host": "a", "weight": 1}],  # another order
        {"a": 1, "b": 1},  # the other form
        [{"host": "a", "weight": 1}, {"host": "a", "weight": 1}],  # twice
        [{"host": "a", "weight": 1}, {"hots": "b"}],
        "nonsense",
    ],
)
def test_nodes_that_differ_otherwise_are_told_too(after: Any) -> None:
    before = [{"host": "a", "weight": 1}, {"host": "b", "weight": 1}]
    assert diff({"nodes": before}, {"nodes": after})


def test_lists_of_objects_are_compared_element_by_element() -> None:
    before = {"rules": [{"match": 1}, {"match": 2}, {"match": 3}]}
    assert [
        (one.path, one.op, one.before, one.after)
        for one in diff(before, {"rules": [{"match": 2}, {"match": 3}]})
    ] == [(("rules", 0), Op.REMOVE, {"match": 1}, None)]
    assert [
        (one.path, one.op)
        for one in diff(before, {"rules": [{"match": 1}, {"match": 9}, {"match": 3}]})
    ] == [(("rules", 1, "match"), Op.CHANGE)]
    assert told(before, {"rules": [{"match": 1}, {"x": {"y": 1}}]}) == [
        "rules #2 removed (was match 2)",
        "rules #3 removed (was match 3)",
        "rules #2 added: x (y 1)",
    ]


def test_long_lists_of_objects_take_no_long_time() -> None:
    before = {"rules": [{"n": n} for n in range(20_000)]}
    after = {"rules": [{"n": n} for n in range(20_000, 0, -1)]}
    (only,) = diff(before, after)
    assert only.op is Op.CHANGE
    assert len(only.describe()) < 500


# --- Words


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            with_(plugins={"limit-count": {"count": 100, "time_window": 60}}),
            with_(plugins={"limit-count": {"count": 50, "time_window": 60}}),
            ["limit-count count: 100 → 50"],
        ),
        (
            {"uri": "/"},
            {"uri": "/", "plugins": {"limit-count": {"count": 2, "time_window": 60}}},
            ["limit-count added: count 2, time_window 60"],
        ),
        ({}, {"plugins": {"key-auth": {}}}, ["key-auth added"]),
        ({"plugins": {"key-auth": {}}}, {}, ["key-auth removed"]),
        (
            {"plugins": {"cors": {"allow_origins": "*"}}},
            {"plugins": {}},
            ["cors removed (was allow_origins *)"],
        ),
        (
            {"plugins": {"cors": {}}},
            {"plugins": {"cors": {"_meta": {"disable": True}}}},
            ["cors switched off"],
        ),
        (
            {"plugins": {"cors": {"_meta": {"disable": True}}}},
            {"plugins": {"cors": {"_meta": {"disable": False}}}},
            ["cors switched on"],
        ),
        (
            {"plugins": {"cors": {"_meta": {"disable": False}}}},
            {"plugins": {"cors": {}}},
            ["cors _meta disable removed (was false)"],
        ),
        ({"uri": "/a"}, {"uri": "/b"}, ["uri: /a → /b"]),
        (
            {"uri": "/a"},
            {"uris": ["/a", "/b"]},
            ["uri removed (was /a)", "uris added: /a, /b"],
        ),
        ({}, {"labels": {"env": "prod"}}, ["label env added: prod"]),
        ({}, {"methods": ["GET"]}, ["only methods: GET"]),
        ({"methods": ["GET"]}, {}, ["any method (was GET)"]),
        (
            {"labels": {"env": "prod"}},
            {"labels": {"env": "staging", "team": "a b"}},
            ["label env: prod → staging", 'label team added: "a b"'],
        ),
        ({"status": 1}, {"status": 0}, ["status: 1 → 0"]),
        (
            {"methods": ["GET", "PUT"]},
            {"methods": ["GET"]},
            ["methods: GET, PUT → GET"],
        ),
        (
            {"hosts": [f"{c}.example.com" for c in "abcdef"]},
            {"hosts": [f"{c}.example.com" for c in "abdefg"]},
            ["hosts: added g.example.com, removed c.example.com"],
        ),
        (
            {"hosts": ["a.example.com", "b.example.com", "c.example.com"]},
            {"hosts": ["b.example.com", "a.example.com", "c.example.com"]},
            [
                "hosts: a.example.com, b.example.com, c.example.com → "
                "b.example.com, a.example.com, c.example.com"
            ],
        ),
        (
            {"timeout": {"connect": 3, "send": 3, "read": 3}},
            {"timeout": {"connect": 6, "send": 3, "read": 3}},
            ["timeout connect: 3 → 6"],
        ),
        (
            {},
            {"upstream": {"nodes": {"a:1": 1}, "timeout": {"connect": 1}}},
            ["upstream added: nodes (a:1 1), timeout (connect 1)"],
        ),
        ({"desc": ""}, {"desc": "a"}, ['desc: "" → a']),
        ({}, {"a": None}, ["a added: null"]),
        ({}, {"a": []}, ["a added: []"]),
        ({}, {"plugins": {}}, ["plugins added"]),
    ],
)
def test_changes_read_well(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert told(before, after) == expected


def test_what_somebody_typed_is_quoted_and_made_visible() -> None:
    wild = 'x". Approved\u202e → nothing'
    assert told({}, {"desc": wild}) == [
        'desc added: "x\\". Approved⟨U+202E⟩ → nothing"'
    ]
    assert told({}, {"lab\u200bel": {"a b\n": 1}}) == [
        "lab⟨U+200B⟩el added: a b⟨U+000A⟩ 1"
    ]
    assert diff({}, {"a\u200b": 1})[0].dotted == "a⟨U+200B⟩"


def test_long_texts_are_shown_where_they_differ() -> None:
    before = "A" * 5_000 + "B" + "C" * 5_000
    (words,) = told({"cert": before}, {"cert": before.replace("B", "X")})
    assert "B" in words
    assert "X" in words
    assert len(words) < 400


def test_long_values_that_differ_far_behind_are_not_told_as_equal() -> None:
    before = {"a": [["x"] * 50, list(range(500))]}
    after = {"a": [["x"] * 50, list(range(600))]}
    (words,) = told(before, after)
    left, _, right = words.removeprefix("a: ").partition(" → ")
    assert left != right
