"""What changes, as people say it: well-known fields in words, and every field once."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given

from gateway.canonical import canonical, number_form
from gateway.diff import Difference, Op, by_address, diff
from gateway.documents import SERVER_MANAGED
from gateway.semantic_diff import Fact, by_field, text, told
from tests.gateway.test_documents import documents, mutations, values
from tests.odd_documents import odd_documents

Document = dict[str, Any]

ROUTE: Document = {
    "uri": "/speaker/*",
    "methods": ["GET", "POST"],
    "timeout": {"connect": 3, "send": 3, "read": 3},
    "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}},
    "plugins": {"limit-count": {"count": 100, "time_window": 60}},
}
LIMIT = ROUTE["plugins"]["limit-count"]
NODE = {"host": "10.0.0.3", "port": 80, "weight": 1}


def facts(before: Document | None, after: Document | None) -> list[Fact]:
    return [fact for group in told(before, after) for fact in group.facts]


def line(fact: Fact) -> str:
    """A fact as it stands on the page: sign, label, before → after, unit."""
    sign = {Op.ADD: "+", Op.REMOVE: "-", Op.CHANGE: "~"}[fact.op]
    change = " → ".join(one for one in (fact.before, fact.after) if one is not None)
    return f"{sign} {fact.label}: {change}{fact.unit and ' '}{fact.unit}"


def with_(**fields: Any) -> Document:
    return {**ROUTE, **fields}


def limited(**fields: Any) -> Document:
    return with_(plugins={"limit-count": {**LIMIT, **fields}})


# --- Words


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ROUTE, limited(count=50), ["~ Requests allowed: 100 → 50 per minute"]),
        (
            ROUTE,
            limited(count=50, time_window=3600),
            ["~ Requests allowed: 100 per minute → 50 per hour"],
        ),
        (
            ROUTE,
            limited(time_window=90),
            ["~ Requests allowed: 100 per minute → 100 per 90 s"],
        ),
        (
            ROUTE,
            limited(count="$http_x"),
            ["~ Requests allowed: 100 → $http_x"],
        ),
        (ROUTE, with_(plugins={}), ["- Requests allowed: 100 per minute"]),
        (
            with_(plugins={}),
            limited(key="remote_addr"),
            ["+ Requests allowed: 100 per minute", "+ Counted by: remote_addr"],
        ),
        (ROUTE, with_(methods=["GET"]), ["~ Methods: GET, POST → GET"]),
        ({}, {"methods": ["GET"]}, ["+ Only these methods: GET"]),
        ({"methods": ["GET"]}, {}, ["- Any method, no more only: GET"]),
        (
            with_(upstream={"nodes": [{**NODE, "host": "10.0.0.1"}]}),
            with_(upstream={"nodes": [{**NODE, "host": "10.0.0.1"}, NODE]}),
            ["+ Node 10.0.0.3:80: weight 1"],
        ),
        (
            {"nodes": {"a:80": 1}},
            {"nodes": {"a:80": 5}},
            ["~ Node a:80: weight 1 → weight 5"],
        ),
        (
            ROUTE,
            with_(timeout={"connect": 3, "send": 3, "read": 60}),
            ["~ Time to answer: 3 → 60 s"],
        ),
        ({"status": 1}, {"status": 0}, ["~ Switched: on → off"]),
        ({"status": True}, {"status": 0}, ["~ Switched: true → off"]),
        (
            {"plugins": {"cors": {}}},
            {"plugins": {"cors": {"_meta": {"disable": True}}}},
            ["+ Switched: off"],
        ),
        ({}, {"plugins": {"key-auth": {}}}, ["+ Configuration: {}"]),
        ({}, {"labels": {"env": "prod"}}, ["+ Label env: prod"]),
        (
            {"hosts": [f"{name}.shop.example.com" for name in "abcdef"]},
            {"hosts": [f"{name}.shop.example.com" for name in "abdefg"]},
            ["~ Hosts: c.shop.example.com → g.shop.example.com"],
        ),
        (
            {"hosts": [f"{name}.shop.example.com" for name in "abcd"]},
            {"hosts": [f"{name}.shop.example.com" for name in "bacd"]},
            [
                "~ Hosts: a.shop.example.com, b.shop.example.com, c.shop.example.com, "
                "d.shop.example.com → b.shop.example.com, a.shop.example.com, "
                "c.shop.example.com, d.shop.example.com"
            ],
        ),
        ({"desc": "1"}, {"desc": 1}, ['~ Description: "1" → 1']),
        ({"x": ["a", "b"]}, {"x": "a, b"}, ['~ x: ["a","b"] → "a, b"']),
        ({}, {"x": ["a, b", "c", ""]}, ['+ x: "a, b", c, ""']),
        (
            {"plugins": {"made-up": {"deep": {"down": 1}}}},
            {"plugins": {"made-up": {"deep": {"down": 2}}}},
            ["~ deep down: 1 → 2"],
        ),
    ],
)
def test_changes_read_well(
    before: Document, after: Document, expected: list[str]
) -> None:
    assert [line(fact) for fact in facts(before, after)] == expected


def test_what_decides_over_requests_comes_first_and_each_plugin_by_its_name() -> None:
    groups = told(None, with_(name="n", plugins={"z": {}, "cors": {}}, x=1))

    assert [group.title for group in groups] == [
        "Which requests",
        "Where they go",
        "cors",
        "z",
        "Also",
        "About it",
    ]


def test_a_plugin_says_whether_it_comes_goes_or_changes() -> None:
    before = with_(plugins={"cors": {"max_age": 1}, "gone": {}})
    after = with_(plugins={"cors": {"max_age": 1, "allow_origins": "*"}, "new": {}})

    assert {group.title: group.op for group in told(before, after)} == {
        "cors": Op.CHANGE,
        "gone": Op.REMOVE,
        "new": Op.ADD,
    }


def test_how_many_of_a_long_list_stay_is_told() -> None:
    before = {"hosts": [f"{name}.shop.example.com" for name in "abcdef"]}
    after = {"hosts": [f"{name}.shop.example.com" for name in "abdefg"]}

    assert [fact.stays for fact in facts(before, after)] == [5]


def test_nodes_in_another_form_are_told_as_they_are() -> None:
    [fact] = facts(ROUTE, with_(upstream={"type": "roundrobin", "nodes": [NODE]}))

    assert fact.before == '{\n  "10.0.0.1:80": 1\n}'
    assert fact.after == canonical(NODE).decode()


def test_code_is_told_line_by_line() -> None:
    code = "return function()\n  a()\n  b()\nend"
    before = {"plugins": {"serverless-pre-function": {"functions": code}}}
    after = {
        "plugins": {"serverless-pre-function": {"functions": code.replace("b", "c")}}
    }

    [fact] = facts(before, after)

    changed = [stretch for stretch in fact.lines if not stretch.is_kept]
    assert [(one.before, one.after) for one in changed] == [(["  b()"], ["  c()"])]


def test_what_somebody_typed_is_made_visible() -> None:
    [fact] = facts({}, {"plugins": {"a\u202eb": {"c\u200b": "d\u202e"}}})

    assert (fact.label, fact.after) == ("c⟨U+200B⟩", "d⟨U+202E⟩")


def test_integers_beyond_any_are_told() -> None:
    assert [fact.after for fact in facts({}, {"x": {"y": [{"z": 10**30}]}})]


# --- Laws


def _keyed(value: Any) -> Any:
    """A document with its nodes under their address, as differences name them."""
    if isinstance(value, dict):
        return {
            name: (isinstance(held, list) and name == "nodes" and by_address(held))
            or _keyed(held)
            for name, held in value.items()
        }
    return value


def _applied(before: Document, differences: list[Difference]) -> Document:
    """Do to a document what these differences tell."""
    document = copy.deepcopy(before)
    # What goes from a list goes from behind, what comes to it comes from the front.
    gone = [one for one in differences if one.op is Op.REMOVE]
    rest = [one for one in differences if one.op is not Op.REMOVE]
    for one in [*reversed(gone), *rest]:
        *above, name = one.path
        holder: Any = document
        for step in above:
            if isinstance(holder, dict):
                holder = holder.setdefault(step, {})
            else:
                holder = holder[step]
        if one.op is Op.REMOVE:
            del holder[name]
        elif isinstance(holder, list) and one.op is Op.ADD:
            holder.insert(name, one.after)
        else:
            holder[name] = one.after
    return document


def _without_empty(value: Any) -> Any:
    """Whether the last field's holder stays behind empty is told by nobody."""
    if isinstance(value, dict):
        kept = {name: _without_empty(held) for name, held in value.items()}
        return {name: held for name, held in kept.items() if held != {}}
    return value


def _plain(document: Document) -> bytes:
    kept = {k: v for k, v in document.items() if k not in SERVER_MANAGED}
    return canonical(number_form(_without_empty(_keyed(kept))))


@given(documents | odd_documents(), documents | odd_documents())
def test_each_field_that_differs_is_told_exactly_once(
    before: Document, after: Document
) -> None:
    rows = list(by_field(diff(before, after)))
    said = [one for fact in facts(before, after) for one in fact.differences]

    assert sorted(map(repr, said)) == sorted(map(repr, rows))
    assert len({(one.path, one.op) for one in said}) == len(said)


@given(documents, documents)
def test_applying_what_is_told_gives_what_is_wanted(
    before: Document, after: Document
) -> None:
    said = [one for fact in facts(before, after) for one in fact.differences]
    # In the order in which a document has them: a list's elements by their index.
    said.sort(key=[*by_field(diff(before, after))].index)

    assert _plain(_applied(_keyed(before), said)) == _plain(after)


@given(values, values)
def test_unlike_values_are_told_in_unlike_words(one: Any, other: Any) -> None:
    for fact in facts({"x": one}, {"x": other}):
        assert fact.before != fact.after


@given(values)
def test_a_value_is_told_whole(value: Any) -> None:
    def leaves(held: Any) -> Any:
        if isinstance(held, dict):
            return [leaf for name in held for leaf in (name, *leaves(held[name]))]
        if isinstance(held, list):
            return [leaf for one in held for leaf in leaves(one)]
        return [held]

    words = text(value)
    for leaf in leaves(value):
        if isinstance(leaf, str) and leaf.isascii() and leaf.isprintable():
            assert leaf in words or json.dumps(leaf)[1:-1] in words


def test_every_single_change_of_a_route_is_told() -> None:
    for what, path, mutant in mutations(ROUTE):
        assert facts(ROUTE, mutant), (what, path)
