"""`.env` is made once, completed, kept private; a desk beyond this machine is refused."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from portal.run import configuration
from portal.run.configuration import Refused, complete, is_local, read
from tests.settings import VARIABLES


@pytest.fixture
def env_file(tmp_path: Path) -> Iterator[Path]:
    """The path of an `.env` that does not exist, in an environment that says nothing."""
    # Reading `.env` fills the process's environment, so all of it is put back.
    before = dict(os.environ)
    for name in VARIABLES:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    path = tmp_path / "some where" / ".env"
    os.environ["GATEHOUSE_ENV_FILE"] = str(path)
    yield path
    os.environ.clear()
    os.environ.update(before)


def values(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if "=" in line]
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_first_start_makes_a_private_file_with_keys_of_its_own(
    env_file: Path, tmp_path: Path
) -> None:
    complete(env_file)
    complete(tmp_path / "other")
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    made, other = values(env_file), values(tmp_path / "other")
    assert len(made["SECRET_KEY"]) >= 50
    Fernet(made["FIELD_ENCRYPTION_KEY"])
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY", "SANDBOX_ADMIN_KEY"):
        assert made[name] != other[name]


def test_second_start_changes_nothing(env_file: Path) -> None:
    complete(env_file)
    before = env_file.read_bytes()
    complete(env_file)
    assert env_file.read_bytes() == before


def test_what_people_wrote_stays_and_the_rest_is_added(env_file: Path) -> None:
    env_file.parent.mkdir()
    env_file.write_text("# mine\nWEB_PORT=5050\nSECRET_KEY=my own")
    env_file.chmod(0o644)
    complete(env_file)
    assert env_file.read_text().startswith("# mine\nWEB_PORT=5050\nSECRET_KEY=my own\n")
    assert values(env_file)["SECRET_KEY"] == "my own"
    Fernet(values(env_file)["FIELD_ENCRYPTION_KEY"])
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_no_key_is_made_that_the_environment_gives(
    env_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("from a file")
    os.environ["SECRET_KEY_FILE"] = str(tmp_path / "key")
    os.environ["FIELD_ENCRYPTION_KEY"] = "from the environment"
    complete(env_file)
    assert values(env_file).keys() == {"GATEHOUSE_DEMO", "SANDBOX_ADMIN_KEY"}


def test_file_fills_the_environment_which_wins(env_file: Path) -> None:
    env_file.parent.mkdir()
    env_file.write_text("WEB_PORT=5050\nSANDBOX_ADMIN_PORT=9999\n")
    os.environ["WEB_PORT"] = "6060"
    found = read()
    assert (found.web_port, found.sandbox_admin_port) == (6060, 9999)
    assert found.sandbox_proxy_port == 9080
    assert os.environ["SECRET_KEY"] == values(env_file)["SECRET_KEY"]


def test_without_a_file_nothing_is_written(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    os.environ["GATEHOUSE_ENV_FILE"] = ""
    assert read().web_port == 5000
    assert list(tmp_path.iterdir()) == []


def test_the_admin_key_is_not_in_the_repr(env_file: Path) -> None:
    os.environ["SANDBOX_ADMIN_KEY"] = "a-secret-key"
    assert "a-secret-key" not in repr(read())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WEB_BIND", "0.0.0.0"),  # noqa: S104 - it is refused
        ("WEB_BIND", "::"),
        ("WEB_BIND", "192.168.1.5"),
        ("WEB_BIND", "desk.example.com"),
        ("PUBLIC_URL", "https://gatehouse.example.com"),
        ("PUBLIC_URL", "http://10.0.0.1:5000"),
        ("PUBLIC_URL", "http://localhost.example.com"),
        ("PUBLIC_URL", "nonsense"),
        ("WEB_PORT", "many"),
        ("WEB_PORT", "65536"),
        ("SANDBOX_ADMIN_PORT", "-1"),
        ("SANDBOX_PROXY_PORT", "9080.5"),
    ],
)
def test_what_must_not_be_is_refused_by_name(
    env_file: Path, variable: str, value: str
) -> None:
    os.environ[variable] = value
    with pytest.raises(Refused, match=variable):
        read()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("APISIX_ADMIN_URL", "APISIX_ADMIN_KEY"),
        ("APISIX_ADMIN_KEY", "APISIX_ADMIN_URL"),
    ],
)
def test_half_a_gateway_is_refused(env_file: Path, given: str, missing: str) -> None:
    os.environ[given] = "http://127.0.0.1:9180"
    with pytest.raises(Refused, match=f"{given} is set, {missing} is not"):
        read()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"]
)
def test_loopback_is_local(host: str) -> None:
    assert is_local(host)
