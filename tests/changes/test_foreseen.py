"""Who will have to approve, as told before anything is sent."""

from typing import Any

import pytest

from portal.changes.asked import ChangeAsked
from portal.changes.foreseen import Foreseen, foreseen
from portal.changes.propose import preview
from portal.changes.quorum import standing
from tests.actors import present
from tests.changes.conftest import Desk
from tests.changes.delivering import route
from tests.changes.rules.test_deciding import HARMLESS, SECURITY, member, put_in_force

pytestmark = pytest.mark.django_db


def told(desk: Desk, **fields: Any) -> Foreseen:
    actor = present(desk.people.alice)
    asked = ChangeAsked(
        gateway=desk.gateway, reason="So.", items=(route("a", **fields),)
    )
    return foreseen(preview(asked, actor=actor), actor)


def test_without_rules_it_is_what_the_gateway_asks_for(desk: Desk) -> None:
    change = desk.ask(route("b"))

    only = told(desk).requirements

    assert [(one.met.words, one.able) for one in only] == [
        (one.met.words, one.able) for one in standing(change).requirements
    ]
    assert "riley" in only[0].able.names
    assert "alice" not in only[0].able.names


def test_rules_are_asked_as_they_will_be_once_it_is_sent(desk: Desk) -> None:
    member(desk.people.riley, "security")
    member(desk.people.omar, "owners")
    put_in_force(SECURITY | {"when": {"uris": ["/a"]}})

    security, owners = told(desk).requirements

    assert list(security.able.names) == ["riley"]
    assert security.met.asked_by == ("Guarded",)
    assert list(owners.able.names) == ["omar"]


def test_a_rule_that_lets_pass_is_named(desk: Desk) -> None:
    put_in_force(
        {
            "name": "Trivial",
            "when": {"channels": ["portal"], "kinds": ["route"]},
            "no_approval": True,
        }
    )

    assert told(desk, **HARMLESS) == Foreseen((), "Trivial")
    # It deserves a second look.
    assert told(desk).requirements
