"""Two sides made something of one document: what becomes of it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import same
from gateway.schemas import Schemas
from gateway.three_way import EXCLUSIVE, Collision, Side, three_way
from tests.gateway.test_documents import documents
from tests.odd_documents import odd_documents

Document = dict[str, Any]

BASE: Document = {
    "id": "r",
    "create_time": 1,
    "update_time": 1,
    "uri": "/a",
    "methods": ["GET"],
    "labels": {"env": "prod"},
    "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}},
    "plugins": {"limit-count": {"count": 2, "time_window": 60}},
}


def made(**fields: Any) -> Document:
    """BASE with these fields; None takes one away."""
    document = copy.deepcopy(BASE) | fields
    return {name: value for name, value in document.items() if value is not None}


def merged(
    base: Document | None, mine: Document | None, theirs: Document | None
) -> Any:
    """The joined document; nothing may collide."""
    found = three_way("route", base, mine, theirs)
    assert found.collisions == ()
    return found.document


def collided(
    base: Document | None, mine: Document | None, theirs: Document | None
) -> list[tuple[str, Any, Any, Any]]:
    return [
        (one.dotted, one.base, one.wanted, one.live)
        for one in three_way("route", base, mine, theirs).collisions
    ]


def alike(a: Document | None, b: Document | None) -> bool:
    return a is b if a is None or b is None else same("route", a, b)


anything = st.none() | documents | odd_documents()


# --- What holds for any documents


@given(anything, anything)
def test_what_only_we_changed_is_as_we_want_it(
    base: Document | None, wanted: Document | None
) -> None:
    assert alike(merged(base, wanted, base), wanted)


@given(anything, anything)
def test_what_only_others_changed_stays_live(
    base: Document | None, live: Document | None
) -> None:
    assert alike(merged(base, base, live), live)


@given(anything, anything)
def test_what_both_changed_alike_does_not_collide(
    base: Document | None, both: Document | None
) -> None:
    assert alike(merged(base, both, both), both)


@given(anything, anything, anything)
def test_the_sides_may_be_swapped(
    base: Document | None, one: Document | None, other: Document | None
) -> None:
    there = three_way("route", base, one, other).collisions
    back = three_way("route", base, other, one).collisions

    def key(collision: Collision) -> str:
        return repr(collision.path)

    assert sorted(there, key=key) == sorted(
        (Collision(c.path, c.base, c.live, c.wanted) for c in back), key=key
    )


@given(anything, anything, anything, st.sampled_from(Side))
def test_every_collision_can_be_settled_and_merging_again_changes_nothing(
    base: Document | None, wanted: Document | None, live: Document | None, side: Side
) -> None:
    found = three_way("route", base, wanted, live).collisions
    choices = {collision.path: side for collision in found}

    settled = three_way("route", base, wanted, live, choices=choices)

    assert settled.collisions == ()
    assert alike(merged(live, settled.document, live), settled.document)
    again = three_way("route", base, settled.document, live, choices=choices)
    assert alike(again.document, settled.document)


@given(anything, anything, anything)
def test_no_document_is_changed(
    base: Document | None, wanted: Document | None, live: Document | None
) -> None:
    before = copy.deepcopy([base, wanted, live])
    three_way("route", base, wanted, live)
    assert [base, wanted, live] == before


one_of_each = st.builds(
    lambda *pairs: dict(pair for pair in pairs if pair),
    *(
        st.none() | st.tuples(st.sampled_from(names), st.integers(0, 2))
        for names in EXCLUSIVE
    ),
)


@given(one_of_each, one_of_each, one_of_each, st.sampled_from(Side))
def test_fields_that_exclude_each_other_never_meet(
    base: Document, wanted: Document, live: Document, side: Side
) -> None:
    found = three_way("route", base, wanted, live).collisions
    choices = {collision.path: side for collision in found}

    document = three_way("route", base, wanted, live, choices=choices).document

    assert document is not None
    for names in EXCLUSIVE:
        assert len(set(names) & document.keys()) <= 1


# --- What is taken, and from whom


def test_changes_of_different_fields_are_joined() -> None:
    wanted = made(uri="/b", labels={"env": "prod", "team": "x"})
    live = made(
        methods=None,
        labels={"env": "test"},
        plugins={"limit-count": {"count": 2, "time_window": 60}, "cors": {}},
        update_time=9,
    )

    document = merged(BASE, wanted, live)

    assert document == {
        "id": "r",
        "uri": "/b",
        "labels": {"env": "test", "team": "x"},
        "upstream": BASE["upstream"],
        "plugins": {"limit-count": {"count": 2, "time_window": 60}, "cors": {}},
    }


def test_nodes_by_address_are_joined_and_nodes_in_a_list_come_whole() -> None:
    def route(nodes: Any) -> Document:
        return made(upstream={"type": "roundrobin", "nodes": nodes})

    one, two, three = "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"
    assert merged(
        route({one: 1, two: 1}), route({one: 5, two: 1}), route({one: 1, three: 1})
    )["upstream"]["nodes"] == {one: 5, three: 1}

    listed = [
        {"host": "10.0.0.1", "port": 80, "weight": weight} for weight in (1, 2, 3)
    ]
    assert collided(*(route([node]) for node in listed)) == [
        ("upstream.nodes", *([node] for node in listed))
    ]


def test_a_field_that_both_sides_set_is_named_with_its_three_values() -> None:
    wanted = made(plugins={"limit-count": {"count": 5, "time_window": 60}})
    live = made(plugins={"limit-count": {"count": 9, "time_window": 60}}, uri="/c")

    assert collided(BASE, wanted, live) == [("plugins.limit-count.count", 2, 5, 9)]


def test_a_plugin_that_one_removes_and_the_other_tunes_collides_whole() -> None:
    tuned = made(plugins={"limit-count": {"count": 5, "time_window": 60}})

    assert collided(BASE, made(plugins={}), tuned) == [
        (
            "plugins.limit-count",
            BASE["plugins"]["limit-count"],
            None,
            tuned["plugins"]["limit-count"],
        )
    ]


def test_a_plugin_that_both_add_is_not_mixed() -> None:
    base = made(plugins=None)
    mine = made(plugins={"cors": {"max_age": 5}, "ip-restriction": {}})
    theirs = made(plugins={"cors": {"allow_origins": "*"}, "key-auth": {}})

    assert collided(base, mine, theirs) == [
        ("plugins.cors", None, {"max_age": 5}, {"allow_origins": "*"})
    ]


def test_twins_collide_together_and_come_together() -> None:
    mine, theirs = made(uri=None, uris=["/a", "/b"]), made(uri="/c")

    found = three_way("route", BASE, mine, theirs)

    assert [(c.dotted, c.base, c.wanted, c.live) for c in found.collisions] == [
        ("uri", {"uri": "/a"}, {"uris": ["/a", "/b"]}, {"uri": "/c"})
    ]
    for side, has in ((Side.MINE, mine), (Side.THEIRS, theirs)):
        settled = three_way("route", BASE, mine, theirs, choices={("uri",): side})
        assert settled.document == {
            name: value
            for name, value in has.items()
            if name not in ("create_time", "update_time")
        }


def test_discovery_does_not_join_nodes() -> None:
    discovered = {"type": "roundrobin", "service_name": "a", "discovery_type": "dns"}
    moved = {"type": "roundrobin", "nodes": {"10.0.0.9:80": 1}}

    for kind, inside in (("route", ("upstream",)), ("upstream", ())):

        def document(upstream: Document, inside: Any = inside) -> Document:
            return {"upstream": upstream} if inside else upstream

        found = three_way(
            kind, document(BASE["upstream"]), document(discovered), document(moved)
        )
        assert [c.path for c in found.collisions] == [(*inside, "nodes")]


@pytest.mark.parametrize(
    ("base", "wanted", "live"),
    [
        (None, made(), made(uri="/b")),
        (made(), None, made(uri="/b")),
        (made(), made(uri="/b"), None),
    ],
    ids=["both-created", "deleted-here-changed-there", "changed-here-deleted-there"],
)
def test_a_document_that_came_or_went_collides_whole(
    base: Document | None, wanted: Document | None, live: Document | None
) -> None:
    (collision,) = three_way("route", base, wanted, live).collisions
    assert collision.path == ()

    for side, document in ((Side.MINE, wanted), (Side.THEIRS, live)):
        settled = three_way("route", base, wanted, live, choices={(): side})
        assert alike(settled.document, document)


# --- What is no collision


def test_numbers_and_ids_collide_by_what_they_mean() -> None:
    base = made(upstream=None, upstream_id=1, priority=1)
    live = made(upstream=None, upstream_id="1", priority=1.0, id="r", update_time=7)

    assert merged(base, made(upstream=None, upstream_id=2, priority=3), live) == {
        "id": "r",
        "uri": "/a",
        "methods": ["GET"],
        "labels": {"env": "prod"},
        "plugins": BASE["plugins"],
        "upstream_id": 2,
        "priority": 3,
    }


def test_a_default_that_an_older_gateway_stored_is_no_change() -> None:
    schemas = Schemas(
        version="3.12.0",
        kinds={
            "route": {
                "type": "object",
                "properties": {
                    "priority": {"type": "integer", "default": 0},
                    "status": {"type": "integer", "default": 1},
                },
            }
        },
        plugins={},
    )
    live = made(priority=0, status=1)

    found = three_way(
        "route", BASE, made(priority=7), live, version="3.12.0", schemas=schemas
    )

    assert found.collisions == ()
    assert found.document is not None
    assert found.document["priority"] == 7
    newer = three_way(
        "route", BASE, made(priority=7), live, version="3.18.0", schemas=schemas
    )
    assert [c.dotted for c in newer.collisions] == ["priority"]
