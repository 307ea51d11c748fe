"""The order of writes: references first, givers before takers."""

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.kinds import KINDS, Kind
from portal.changes.models import Action
from portal.changes.order import in_order


@dataclass(frozen=True)
class Planned:
    id: str
    kind: Kind
    action: Action
    base: dict[str, Any] | None = None
    wanted: dict[str, Any] | None = None


def create(kind: str) -> Planned:
    return Planned(f"+{kind}", KINDS[kind], Action.CREATE, None, {})


def delete(kind: str) -> Planned:
    return Planned(f"-{kind}", KINDS[kind], Action.DELETE, {}, None)


def rule(name: str, before: str, after: str) -> Planned:
    """A global rule with one letter for each plugin; "" after: it is deleted."""
    base = {"plugins": dict.fromkeys(before, {})} if before else None
    wanted = {"plugins": dict.fromkeys(after, {})} if after else None
    action = Action.DELETE if not after else Action.UPDATE if before else Action.CREATE
    return Planned(name, KINDS["global_rule"], action, base, wanted)


def names(*items: Planned) -> list[str]:
    return [item.id for item in in_order(items)]


def test_what_is_referred_to_is_made_first_and_deleted_last() -> None:
    assert names(
        delete("upstream"),
        create("route"),
        delete("route"),
        create("service"),
        create("upstream"),
        delete("service"),
    ) == ["+upstream", "+service", "+route", "-route", "-service", "-upstream"]


def test_equals_stay_as_they_were_asked_for() -> None:
    items = [rule("x", "", "a"), rule("y", "", "b"), rule("z", "", "c")]

    assert names(*items) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([rule("takes", "", "a"), rule("gives", "ab", "b")], ["gives", "takes"]),
        ([rule("takes", "", "a"), rule("goes", "a", "")], ["goes", "takes"]),
        (
            [rule("x", "", "a"), rule("y", "a", "b"), rule("z", "bc", "c")],
            ["z", "y", "x"],
        ),
    ],
)
def test_a_plugin_leaves_before_it_arrives(
    items: list[Planned], expected: list[str]
) -> None:
    assert names(*items) == expected


def test_an_exchange_that_no_order_makes_possible_loses_no_item() -> None:
    assert set(names(rule("x", "a", "b"), rule("y", "b", "a"))) == {"x", "y"}


def refers(resource_id: str, superior: str = "", deleted: bool = False) -> Planned:
    """A stream route, which may name another one."""
    document = {"protocol": {"superior_id": superior}} if superior else {}
    base, wanted = (document, None) if deleted else (None, document)
    action = Action.DELETE if deleted else Action.CREATE
    return Planned(resource_id, KINDS["stream_route"], action, base, wanted)


def test_one_that_names_another_of_its_kind_comes_after_it() -> None:
    made = [refers("sub", "main"), refers("main")]
    gone = [refers("main", deleted=True), refers("sub", "main", deleted=True)]

    assert names(*made) == ["main", "sub"]
    assert names(*gone) == ["sub", "main"]


def test_a_long_chain_and_a_circle_end() -> None:
    chain = [refers(str(n), str(n + 1)) for n in range(3_000)]
    circle = [refers("x", "y"), refers("y", "x")]

    assert names(*chain)[0] == "2999"
    assert sorted(names(*circle)) == ["x", "y"]
