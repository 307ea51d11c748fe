"""The order of writes: references first, givers before takers."""

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.kinds import KINDS, Kind
from portal.changes.models import Action
from portal.changes.order import in_order


@dataclass(frozen=True)
class Planned:
    name: str
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
    return [item.name for item in in_order(items)]


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
