"""Real workers are killed, at every checkpoint; every change is applied all the same."""

import pytest

from portal.changes.checkpoints import NAMES
from portal.changes.states import State
from tests.flow.accidents import Accident, Aftermath, Town, happen

pytestmark = [pytest.mark.django_db, pytest.mark.flow, pytest.mark.valkey]

# Not reached by a delivery that succeeds.
ONLY_REFUSED = ("compensated",)
ONE = [Accident("kill", name) for name in NAMES if name not in ONLY_REFUSED]
CHILD = [
    Accident("child", name)
    for name in ("claimed", "step_written", "answered", "all_written")
]
SECOND_TIME = ("step_written", "sending", "answered", "step_finished", "read_back")
TWO = [Accident("kill", f"{name}:2", "two") for name in SECOND_TIME]
BOTH = [Accident("kill", name, "both") for name in SECOND_TIME]
# The first write is accepted, the second refused, the third takes the first back.
REFUSED = [
    Accident("kill", at, "refused")
    for at in (
        "step_written:3",
        "sending:3",
        "answered:2",
        "step_finished:2",
        "compensated",
    )
]
BRIEF = [Accident("kill", at, "brief") for at in ("all_written", "ending", "finished")]
BACK = [
    Accident("kill", at, "back") for at in ("claimed", "answered", "ending", "finished")
]


@pytest.fixture(scope="class")
def became(populated: Town) -> dict[Accident, Aftermath]:
    """What became of all of them: they happen side by side."""
    return happen(populated, *ONE, *CHILD, *TWO, *BOTH, *REFUSED, *BRIEF, *BACK)


class TestKilled:
    @pytest.mark.parametrize("accident", [*ONE, *CHILD], ids=str)
    def test_one_write_is_made_exactly_once(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        name = accident.name

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert after.live[name]["uri"] == f"/{name}"
        assert after.writes == accident.puts

    @pytest.mark.parametrize("accident", TWO, ids=str)
    def test_two_writes_are_made_once_each(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert all(document is not None for document in after.live.values())
        assert after.writes == accident.puts

    @pytest.mark.parametrize("accident", BOTH, ids=str)
    def test_two_writes_at_once_are_made_once_each(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert all(document is not None for document in after.live.values())
        assert sorted(after.writes) == accident.puts

    @pytest.mark.parametrize("accident", REFUSED, ids=str)
    def test_what_was_written_is_taken_back_for_good(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        (kind, good), (_, bad) = accident.resources

        assert (after.state, after.delivery) == (State.FAILED, "failed")
        assert after.live == {good: None, bad: None}
        assert "failed to fetch upstream info" in after.words
        assert f"{kind} {good} " in after.words
        assert {after.writes.count(one) for one in after.writes} <= {1, 2}
        assert all(len(bodies) == 1 for bodies in after.bodies.values())

    @pytest.mark.parametrize("accident", BRIEF, ids=str)
    def test_what_takes_it_back_is_announced_once(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert after.inverses == [("approved", "pending")]
        assert after.events.count("expiry.scheduled") == 1
        assert after.writes == accident.puts

    @pytest.mark.parametrize("accident", BACK, ids=str)
    def test_it_is_taken_back_once(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        name = accident.name

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert after.live == {name: None}
        assert after.writes == [f"PUT {name}", f"DELETE {name}"]
        assert after.inverses == []

    @pytest.mark.parametrize(
        "accident", [*ONE, *TWO, *BOTH, *REFUSED, *BRIEF, *BACK], ids=str
    )
    def test_who_took_over_is_told(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        # One that had ended needed nobody.
        others = 0 if accident.at == "finished" else 1

        assert after.attempts == 1 + others
        assert after.events.count("delivery.taken_over") == others
        assert after.events.count("change.applied") == (accident.change != "refused")
