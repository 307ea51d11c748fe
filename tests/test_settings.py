"""The settings: safe unless told otherwise, and clear about what is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

KEYS = {
    "SECRET_KEY": "s" * 60,
    "FIELD_ENCRYPTION_KEY": "b25seS10by1nYXRoZXItc3RhdGljLWZpbGVzLW9ubHk=",
}


def load(*names: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, with these variables and no others."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, portal.settings as s\n"
            f"print(json.dumps({{n: getattr(s, n) for n in {names!r}}}, default=str))",
        ],
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "GATEHOUSE_ENV_FILE": "", **variables},
    )


def values(*names: str, **variables: str) -> dict[str, Any]:
    done = load(*names, **{**KEYS, **variables})
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("missing", KEYS)
def test_a_missing_key_stops_the_start_and_says_how_to_make_one(missing: str) -> None:
    done = load(**{name: value for name, value in KEYS.items() if name != missing})
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert f"{missing} is not set. Make one with: python -c" in last


def test_nothing_is_lax_by_default() -> None:
    found = values(
        "DEBUG", "DEMO", "ALLOWED_HOSTS", "CORS_ALLOW_CREDENTIALS",
        PUBLIC_URL="https://desk.example.com",
    )  # fmt: skip
    assert found == {
        "DEBUG": False,
        "DEMO": False,
        "ALLOWED_HOSTS": ["desk.example.com"],
        "CORS_ALLOW_CREDENTIALS": False,
    }


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_follow_the_scheme_people_use(scheme: str) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")
    found = values(*names, PUBLIC_URL=f"{scheme}://desk.example.com")
    assert {name: bool(value) for name, value in found.items()} == dict.fromkeys(
        names, scheme == "https"
    )


def test_two_desks_on_one_host_do_not_share_cookies() -> None:
    one, other = (
        values("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", WEB_PORT=port)
        for port in ("5000", "5001")
    )
    assert not set(one.values()) & set(other.values())


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file" * 6)
    found = values(
        "SECRET_KEY", SECRET_KEY="", SECRET_KEY_FILE=str(tmp_path / "secret")
    )
    assert found["SECRET_KEY"] == "from-a-file" * 6


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=5050\nLOG_LEVEL=DEBUG\n")
    found = values(
        "PUBLIC_URL",
        "WEB_PORT",
        GATEHOUSE_ENV_FILE=str(tmp_path / ".env"),
        WEB_PORT="6060",
    )
    assert found == {"PUBLIC_URL": "http://localhost:6060", "WEB_PORT": 6060}


@pytest.mark.parametrize("name", ["DEMO_PASSWORD", "DEMO_TOKEN"])
def test_a_demo_variable_on_a_real_desk_stops_the_start(name: str) -> None:
    done = load(**KEYS, **{name: "known-to-everybody"})
    assert done.returncode != 0
    assert f"{name} is set, but demo people exist only under" in done.stderr
    assert "known-to-everybody" not in done.stderr.splitlines()[-1]
    assert load(**KEYS, **{name: "x", "GATEHOUSE_DEMO": "true"}).returncode == 0


def test_a_demo_that_others_could_reach_stops_the_start() -> None:
    done = load(**KEYS, GATEHOUSE_DEMO="true", PUBLIC_URL="https://desk.example.com")
    assert done.returncode != 0
    assert "must not be reached from other machines" in done.stderr


@pytest.mark.parametrize(
    "name", ["desk", "my desk", "100%", "a+b", "what?", "no #1", "ü"]
)
def test_state_lives_where_it_is_told_whatever_the_folder_is_called(
    tmp_path: Path, name: str
) -> None:
    var = tmp_path / name
    found = values("DATABASES", "CELERY_BROKER_URL", GATEHOUSE_VAR=str(var))
    assert found["DATABASES"]["default"]["NAME"] == str(var / "gatehouse.sqlite3")
    assert found["CELERY_BROKER_URL"].startswith("redis+socket:///")


@pytest.mark.parametrize(
    "value", ["desk.example.com", "ftp://desk.example.com", "https://"]
)
def test_an_address_that_is_none_stops_the_start(value: str) -> None:
    done = load(**KEYS, PUBLIC_URL=value)
    assert done.returncode != 0
    assert "PUBLIC_URL must be the http(s) address people open" in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OAUTH_ACCESS_LIFE", "3601"),
        ("OAUTH_ACCESS_LIFE", "0"),
        ("OAUTH_REFRESH_DAYS", "0"),
        ("PLUGIN_AUTH", "none"),
    ],
)
def test_programs_are_not_let_in_for_longer_or_otherwise(name: str, value: str) -> None:
    done = load(**KEYS, **{name: value})

    assert done.returncode != 0
    assert f"{name} " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"SECOND_FACTOR_REQUIRED": "manager"}, "SECOND_FACTOR_REQUIRED is author"),
        ({"OIDC_ISSUER": "http://login.example.com"}, "OIDC_ISSUER must be an https"),
        ({"OIDC_ISSUER": "https://login.example.com"}, "OIDC_CLIENT_ID and"),
        ({"OIDC_GROUPS": "ops=operators"}, "OIDC_GROUPS needs OIDC_GROUPS_CLAIM"),
    ],
    ids=["role", "clear", "secret", "claim"],
)
def test_a_way_in_that_is_half_set_up_stops_the_start(
    wrong: dict[str, str], words: str
) -> None:
    done = load(**KEYS, **wrong)

    assert done.returncode != 0
    assert words in done.stderr.splitlines()[-1]
