"""Run the sandbox gateway until it is told to stop.

    SANDBOX_ADMIN_KEY=… python -m gateway.sandbox --admin-port 9180 --proxy-port 9080 --state DIR

Port 0 is any free one. One line per listener is printed once it answers.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from gateway.sandbox.server import Options, Sandbox


def _options(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m gateway.sandbox")
    parser.add_argument("--admin-port", type=int, default=9180)
    parser.add_argument("--proxy-port", type=int, default=9080)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument(
        "--state", type=Path, default=None, help="a folder; none: memory"
    )
    parser.add_argument("--stream", action="store_true", help="switch stream mode on")
    parser.add_argument(
        "--router",
        default="radixtree_host_uri",
        choices=("radixtree_uri", "radixtree_host_uri", "radixtree_uri_with_parameter"),
    )
    parser.add_argument(
        "--faults", action="store_true", help="let tests tell it to misbehave"
    )
    given = parser.parse_args(arguments)
    admin_key = os.environ.get("SANDBOX_ADMIN_KEY", "")
    if not admin_key:
        parser.error(
            "set SANDBOX_ADMIN_KEY to the key that the Admin API shall ask for"
        )
    return Options(
        admin_key=admin_key,
        admin_port=given.admin_port,
        proxy_port=given.proxy_port,
        control_port=given.control_port,
        state=given.state,
        stream=given.stream,
        router=given.router,
        faults=given.faults,
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _run(options: Options) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    sandbox = Sandbox(options)
    await sandbox.start()
    _say(f"admin listening on {sandbox.admin.url}")
    _say(f"proxy listening on {sandbox.proxy.url}")
    _say(f"control listening on {sandbox.control.url}")
    await stopped.wait()
    await sandbox.stop()


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    options = _options()
    try:
        asyncio.run(_run(options))
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
