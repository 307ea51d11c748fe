"""The table of moves, and that nothing else writes a state."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from portal.changes import states
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest
from portal.changes.states import ALLOWED, EXPLAINED, OPEN, SETTLED, State
from tests.factories import make_change, make_gateway, make_person

pytestmark = pytest.mark.django_db


def a_change(state: State) -> ChangeRequest:
    return make_change(gateway=make_gateway(), author=make_person(), state=state)


@pytest.mark.parametrize("old", list(State))
@pytest.mark.parametrize("new", list(State))
def test_only_the_moves_of_the_table_happen(old: State, new: State) -> None:
    change = a_change(old)

    if new in ALLOWED[old]:
        states.move(change, new)
        assert ChangeRequest.objects.get(pk=change.pk).state == new
    else:
        with pytest.raises(WrongState):
            states.move(change, new)
        assert ChangeRequest.objects.get(pk=change.pk).state == old


def test_a_move_that_somebody_else_made_first_is_lost() -> None:
    change = a_change(State.IN_REVIEW)
    stale = ChangeRequest.objects.get(pk=change.pk)
    states.move(change, State.REJECTED)

    with pytest.raises(WrongState, match="meanwhile"):
        states.move(stale, State.APPROVED)

    assert ChangeRequest.objects.get(pk=change.pk).state == State.REJECTED


def test_every_state_says_what_would_move_it() -> None:
    assert set(EXPLAINED) == set(State)
    assert set(State) == OPEN | SETTLED
    assert not OPEN & SETTLED
    assert all(not ALLOWED[state] for state in SETTLED)


def test_only_states_writes_the_state_of_a_change() -> None:
    """An UPDATE of `state` elsewhere would skip the table: look for one in the source."""
    offenders = []
    for path in sorted(Path(settings.BASE_DIR, "portal").rglob("*.py")):
        if path.name == "states.py" or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Assign)
                and any(
                    isinstance(t, ast.Attribute)
                    and t.attr == "state"
                    and "change" in ast.unparse(t.value)
                    for t in node.targets
                )
            ) or (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "update"
                and "ChangeRequest" in ast.unparse(node.func.value)
                and any(keyword.arg == "state" for keyword in node.keywords)
            ):
                offenders.append(f"{path.name}:{node.lineno}")

    assert offenders == []
