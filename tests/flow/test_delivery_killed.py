"""Real workers are killed, at every checkpoint; every change is applied all the same."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from portal.changes.checkpoints import NAMES
from portal.changes.states import State
from tests.flow.accidents import Accident, Aftermath, happen, populated
from tests.sandbox import SandboxGateway
from tests.servers.valkey import ValkeyServer

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


def ids(accidents: list[Accident]) -> list[str]:
    return [one.name for one in accidents]


@pytest.fixture(scope="class")
def became(
    each_database: str,
    sandbox_server: SandboxGateway,
    valkey_server: ValkeyServer,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[Accident, Aftermath]]:
    """What became of all of them: they happen side by side."""
    folder = tmp_path_factory.mktemp("killed")
    with populated(sandbox_server, valkey_server, folder, django_db_blocker) as made:
        yield happen(made, *ONE, *CHILD, *TWO, *REFUSED)


class TestKilled:
    @pytest.mark.parametrize("accident", [*ONE, *CHILD], ids=ids([*ONE, *CHILD]))
    def test_one_write_is_made_exactly_once(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        name = accident.name

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert after.live[name]["uri"] == f"/{name}"
        assert after.writes == [f"PUT {name}"]

    @pytest.mark.parametrize("accident", TWO, ids=ids(TWO))
    def test_two_writes_are_made_once_each(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]

        assert (after.state, after.delivery) == (State.APPLIED, "verified")
        assert all(document is not None for document in after.live.values())
        assert after.writes == [f"PUT {name}" for name in accident.routes]

    @pytest.mark.parametrize("accident", REFUSED, ids=ids(REFUSED))
    def test_what_was_written_is_taken_back_for_good(
        self, became: dict[Accident, Aftermath], accident: Accident
    ) -> None:
        after = became[accident]
        good, bad = accident.routes

        assert (after.state, after.delivery) == (State.FAILED, "failed")
        assert after.live == {good: None, bad: None}
        assert "failed to fetch upstream info" in after.words
        assert f"route {good} " in after.words
        assert {after.writes.count(one) for one in after.writes} <= {1, 2}
        assert all(len(bodies) == 1 for bodies in after.bodies.values())

    @pytest.mark.parametrize(
        "accident", [*ONE, *TWO, *REFUSED], ids=ids([*ONE, *TWO, *REFUSED])
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
