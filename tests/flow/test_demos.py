"""Every demo of docs/demos does what it says, on the desk that `make run` starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.flow.stack import START, Stack

pytestmark = [pytest.mark.flow, pytest.mark.valkey]

FOLDER = Path(settings.BASE_DIR) / "docs/demos"
DEMOS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "desk")


@pytest.mark.parametrize("demo", DEMOS)
def test_it_does_what_it_says(demo: str, stack: Stack) -> None:
    told = subprocess.run(
        [sys.executable, FOLDER / f"{demo}.py"],
        capture_output=True,
        text=True,
        timeout=START,
        env=os.environ
        | {
            "DESK": stack.url,
            "GATEWAY": stack.proxy,
            "ADMIN": stack.sandbox_admin,
            "ADMIN_KEY": stack.admin_key,
            "TOKEN": stack.token,
            "PASSWORD": stack.password,
        },
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert "✓" in told.stdout.splitlines()[-1]
