"""The SDK is loaded by the first request that needs it, and by nothing else."""

import subprocess
import sys

LOADED = """
import sys, django
django.setup()
import portal.urls, portal.celery, portal.mcp.tools
from django.core.management import get_commands
assert "plugin_package" in get_commands()
assert "portal.mcp.door" in sys.modules
print(*sorted(name for name in ("mcp", "mcp_types", "pydantic") if name in sys.modules))
"""


def test_neither_commands_nor_workers_load_the_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
