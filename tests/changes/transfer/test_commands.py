"""`manage.py backup` and `manage.py restore`."""

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from tests.changes.conftest import Desk

pytestmark = pytest.mark.django_db

SECRET = "jacks-secret-key"
JACK = {"username": "jack", "plugins": {"key-auth": {"key": SECRET}}}
RESTORE = {"author": "alice", "reason": "The disk died."}


def said(*args: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(*args, **options, stdout=out)
    return out.getvalue()


def test_a_gateway_is_backed_up_and_brought_back(desk: Desk, tmp_path: Path) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    file = tmp_path / "default.jsonl"

    assert said("backup", "default", file) == f"{file}: 1 resources.\n"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET not in file.read_text()
    assert list(tmp_path.iterdir()) == [file]
    event = AuditEvent.objects.get()
    assert (event.event, event.client) == ("gateway.exported", "backup")

    desk.sandbox.reset()
    told = said("restore", "default", file, **RESTORE)

    change = ChangeRequest.objects.get()
    assert f"#{change.number}" in told
    assert (change.state, change.author.username, change.client) == (
        State.IN_REVIEW,
        "alice",
        "manage.py restore",
    )
    assert desk.live("jack", "consumer") is None
    desk.approve(change)
    assert desk.deliver(change).state == State.APPLIED
    assert desk.live("jack", "consumer")["plugins"] == JACK["plugins"]


def test_secrets_are_left_out_by_choice(desk: Desk, tmp_path: Path) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    file = tmp_path / "default.jsonl"

    said("backup", "default", file, without_secrets=True)

    assert "redacted:" in file.read_text()
    assert not AuditEvent.objects.exists()


def test_another_key_is_refused_in_clear_words(
    desk: Desk, tmp_path: Path, settings: Any
) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    file = tmp_path / "default.jsonl"
    said("backup", "default", file)
    text = file.read_text()
    key = text.partition('"key":"')[2][:16]
    file.write_text(text.replace(key, "0123456789abcdef", 1))

    with pytest.raises(CommandError, match="sealed with the key 0123456789abcdef"):
        said("restore", "default", file, **RESTORE)
    assert not ChangeRequest.objects.exists()


def test_what_is_wrong_is_said(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "default.jsonl"

    with pytest.raises(CommandError, match="no gateway nope. There are: default"):
        said("backup", "nope", file)
    with pytest.raises(CommandError, match="No such file"):
        said("backup", "default", tmp_path / "nowhere" / "file")
    with pytest.raises(CommandError, match="No such file"):
        said("restore", "default", file, **RESTORE)
    with pytest.raises(CommandError, match="no person nobody"):
        said("restore", "default", file, **RESTORE | {"author": "nobody"})
    said("backup", "default", file)
    with pytest.raises(CommandError, match="You may not ask"):
        said("restore", "default", file, **RESTORE | {"author": "audrey"})
    with pytest.raises(CommandError, match="holds all that the file says"):
        said("restore", "default", file, **RESTORE)
    desk.sandbox.stop()
    try:
        with pytest.raises(CommandError, match="cannot be asked now"):
            said("backup", "default", file)
    finally:
        desk.sandbox.start()
