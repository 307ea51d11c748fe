"""A plugin stands in one global rule at a time, in the order in which they are written."""

from typing import Any

import pytest

from portal.changes.findings import Severity
from portal.changes.states import State
from tests.changes.checks.examples import LIMIT
from tests.changes.checks.looking import codes, create, delete, findings, the, update
from tests.changes.conftest import Desk
from tests.changes.delivering import replaces

CODE = "in_two_global_rules"
CORS: dict[str, Any] = {"cors": {}}


def rules(desk: Desk, **held: dict[str, Any]) -> None:
    for rule_id, plugins in held.items():
        desk.sandbox.put("global_rule", rule_id, {"plugins": plugins})


def test_a_rule_that_takes_what_another_has_is_stopped(desk: Desk) -> None:
    rules(desk, old=LIMIT)

    finding = the(desk, CODE, create("global_rule", {"plugins": {**LIMIT, **CORS}}))

    assert finding.severity is Severity.BLOCKER
    assert finding.path == "plugins.limit-count"
    assert "Global rule old has limit-count" in finding.words


def test_two_of_one_change_are_stopped(desk: Desk) -> None:
    one = create("global_rule", {"plugins": CORS}, "one")
    two = create("global_rule", {"plugins": CORS}, "two")

    assert [(f.item, f.code) for f in findings(desk, one, two) if f.code == CODE] == [
        (1, CODE)
    ]


@pytest.mark.parametrize("gives", ["deleted", "changed"])
def test_it_may_move_from_one_to_the_other(desk: Desk, gives: str) -> None:
    """In whatever order they are asked for; and the gateway takes it so."""
    rules(desk, old={**LIMIT, **CORS})
    giver = (
        delete("global_rule")
        if gives == "deleted"
        else replaces("global_rule", "old", plugins=LIMIT)
    )
    taker = create("global_rule", {"plugins": CORS})

    assert CODE not in codes(desk, taker, giver)
    assert desk.applied(taker, giver).state == State.APPLIED


def test_two_rules_cannot_exchange_them_in_one_change(desk: Desk) -> None:
    rules(desk, a=LIMIT, b=CORS)

    found = codes(
        desk,
        replaces("global_rule", "a", plugins=CORS),
        replaces("global_rule", "b", plugins=LIMIT),
    )

    assert CODE in found


def test_a_rule_keeps_its_own(desk: Desk) -> None:
    rules(desk, old=LIMIT)

    assert CODE not in codes(desk, update("global_rule", {"plugins": CORS}))


def test_many_rules_cost_one_list(desk: Desk) -> None:
    items = [create("global_rule", {"plugins": CORS}, f"g{n}") for n in range(40)]
    codes(desk, items[0])  # the schemas are known by now
    desk.sandbox.forget_requests()

    found = findings(desk, *items)

    assert [finding.code for finding in found].count(CODE) == 39
    lists = [
        one
        for one in desk.sandbox.requests()
        if one["path"] == "/apisix/admin/global_rules"
    ]
    assert len(lists) == 1
