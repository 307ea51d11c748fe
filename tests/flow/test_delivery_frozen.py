"""Real workers are frozen past their lease; what wakes up changes nothing any more."""

import pytest

from portal.changes.checkpoints import NAMES
from portal.changes.states import State
from tests.flow.accidents import Accident, Aftermath, Town, happen

pytestmark = [pytest.mark.django_db, pytest.mark.flow, pytest.mark.valkey]

# Between its last look at its lease and the send there is nothing that could stop it.
TOO_LATE = Accident("freeze", "sending")
ONE = [
    Accident("freeze", name) for name in NAMES if name not in ("sending", "compensated")
]
TWO = [
    Accident("freeze", f"{name}:2", "two")
    for name in ("step_written", "answered", "step_finished", "read_back")
]
BOTH = [Accident("freeze", name, "both") for name in ("step_written", "answered")]
REFUSED = [
    Accident("freeze", at, "refused")
    for at in ("step_written:3", "answered:2", "compensated")
]


@pytest.fixture(scope="class")
def became(populated: Town) -> dict[Accident, Aftermath]:
    """What became of all of them: they happen side by side."""
    return happen(populated, *ONE, *TWO, *BOTH, *REFUSED, TOO_LATE)


class TestFrozen:
    @pytest.mark.parametrize("accident", [*ONE, *TWO, *BOTH, *REFUSED], ids=str)
    def test_who_wakes_up_writes_nothing(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        assert became[accident].woken_wrote == []

    @pytest.mark.parametrize("accident", [*ONE, *TWO, *BOTH], ids=str)
    def test_each_write_is_made_exactly_once(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert all(document is not None for document in after.live.values())
        assert after.live[accident.resources[-1][1]]["uri"].startswith("/freeze-")
        assert sorted(after.writes) == accident.puts
        assert after.events.count("change.applied") == 1

    @pytest.mark.parametrize("accident", REFUSED, ids=str)
    def test_what_was_written_is_taken_back_for_good(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.FAILED, "failed")
        assert set(after.live.values()) == {None}
        assert {after.writes.count(one) for one in after.writes} <= {1, 2}
        assert after.events.count("change.failed") == 1

    def test_one_frozen_while_it_sends_still_sends_what_was_approved(
        self, became: dict[Accident, Aftermath]
    ) -> None:
        """No lease can prevent it; its document is the approved one all the same."""
        after = became[TOO_LATE]
        name = TOO_LATE.name

        assert after.state == State.APPLIED
        assert after.woken_wrote == [f"PUT {name}"]
        assert after.writes == [f"PUT {name}"] * 2
        assert len(after.bodies[f"PUT {name}"]) == 1
        assert after.live[name]["uri"] == f"/{name}"
        assert after.events.count("change.applied") == 1
