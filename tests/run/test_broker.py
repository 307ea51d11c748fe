"""The embedded broker: a socket any checkout can have, for this user alone."""

import os
import stat
from pathlib import Path

import pytest

from portal.run import broker
from portal.run.broker import NoBroker, make_socket_folder, socket_path
from portal.run.child import Child
from tests.waiting import eventually


def test_the_socket_lies_with_the_desks_state() -> None:
    assert socket_path(Path("/desk/var")) == Path("/desk/var/run/broker.sock")


def test_a_deep_checkout_gets_a_short_socket_of_its_own() -> None:
    deep = Path("/", *["quite-a-long-name"] * 8, "var")
    other = deep.with_name("var-2")
    assert len(os.fsencode(socket_path(deep))) <= broker.LONGEST_SOCKET_PATH
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep) != socket_path(other)


def test_the_socket_folder_is_this_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o777)
    make_socket_folder(folder / "broker.sock")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(NoBroker, match="belongs to somebody else"):
        make_socket_folder(folder / "broker.sock")


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NoBroker):
        make_socket_folder(tmp_path / "run" / "broker.sock")


def test_a_server_of_the_machine_is_used_when_the_wheel_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker.platform, "machine", lambda: "riscv64")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBroker, match="apt install redis-server"):
        broker.server_program()
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    assert broker.server_program() == program


@pytest.mark.valkey
def test_messages_survive_a_restart_and_no_port_is_opened(tmp_path: Path) -> None:
    try:
        program = broker.server_program()
    except NoBroker as error:
        pytest.skip(str(error))
    import psutil
    from redis import Redis

    state = tmp_path / "state with a space"
    state.mkdir()
    path = tmp_path / "broker.sock"
    child = Child(
        "broker", list(broker.command(program, path, state)), log=tmp_path / "log"
    )
    try:
        child.start()
        eventually(lambda: broker.answers(path), "it answers")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert psutil.Process(child.pid).net_connections("inet") == []
        with Redis(unix_socket_path=str(path)) as client:
            client.lpush("celery", "message")
        child.stop()
        assert not broker.answers(path)
        child.start()
        eventually(lambda: broker.answers(path), "it answers again")
        with Redis(unix_socket_path=str(path)) as client:
            assert client.lrange("celery", 0, -1) == [b"message"]
    finally:
        child.stop()
