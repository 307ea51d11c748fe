"""`make run`: the whole desk on one machine, from its first start to Ctrl-C."""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from portal.run import parts
from portal.run.configuration import Configuration, Refused, read
from portal.run.desk import START_SECONDS, Desk, Stopped
from portal.run.ports import is_free, listen

PEOPLE = (
    "alice (author), riley (reviewer), omar (operator), audrey (auditor), "
    "admin (superuser)"
)


class Signals:
    """Whether the person wants to end: Ctrl-C, SIGTERM, a closed terminal.

    Also when `make` has gone, which started us and was told to stop in our place.
    """

    def __init__(self) -> None:
        self._caught = False
        self._make = os.getppid() if "MAKELEVEL" in os.environ else None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._catch)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self._caught = True

    def stopping(self) -> bool:
        return self._caught or self._make not in {None, os.getppid()}


def say(line: str) -> None:
    """Print a line at once, also into a pipe; nobody reading is no reason to fall."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def main() -> int:
    """Run the desk until it is told to stop; return the exit status."""
    signals = Signals()
    try:
        configuration = read()
        with listen(
            "WEB_PORT", configuration.web_port, host=configuration.bind
        ) as listener:
            if not configuration.has_own_gateway:
                is_free("SANDBOX_ADMIN_PORT", configuration.sandbox_admin_port)
                is_free("SANDBOX_PROXY_PORT", configuration.sandbox_proxy_port)
            with only_one(configuration.var):
                serve(configuration, listener, signals)
    except Refused as error:
        say(str(error))
        return 1
    return 0


def serve(
    configuration: Configuration, listener: socket.socket, signals: Signals
) -> None:
    """Start all parts, tell people, and watch until told to stop. Raises Refused."""
    port = listener.getsockname()[1]
    address = configuration.public_url or f"http://localhost:{port}"
    os.environ.update(environment(configuration, address))
    # What the person's shell knows of other servers is not about this desk's.
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    say("Starting Gatehouse …")
    desk = Desk(configuration.var, say=say, stopping=signals.stopping)
    try:
        if not configuration.broker_url:
            parts.start_broker(desk)
        gateway = first_gateway(desk, configuration)
        upstream = parts.start_upstream(desk)
        told = parts.prepare(desk, gateway)
        worker = parts.start_worker(desk)
        for line in banner(address, gateway, upstream, told):
            say(line)
        web = parts.start_web(desk, listener)
        desk.wait(worker, lambda: " ready." in worker.said())
        desk.wait(web, lambda: answers(listener))
        say("Ready. Ctrl-C stops everything.")
        while True:
            desk.check_stop()
            desk.mend()
            time.sleep(0.2)
    except Stopped:
        say("Stopping …")
    finally:
        desk.stop()


def environment(configuration: Configuration, address: str) -> dict[str, str]:
    """Return what the parts are told besides what the person set."""
    return {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "GATEHOUSE_DEMO": "true",
        "GATEHOUSE_VAR": str(configuration.var),
        "PUBLIC_URL": address,
        "PYTHONUNBUFFERED": "1",
        "SANDBOX_ADMIN_KEY": configuration.sandbox_admin_key,
    }


def first_gateway(desk: Desk, configuration: Configuration) -> dict[str, str]:
    """Return the first gateway's addresses and key; start the sandbox if it is that."""
    if configuration.has_own_gateway:
        return {
            "admin_url": os.environ.get("APISIX_ADMIN_URL", ""),
            "admin_key": os.environ.get("APISIX_ADMIN_KEY", ""),
            "public_url": os.environ.get("APISIX_PUBLIC_URL", ""),
            "control_url": "",
            "environment": "",
        }
    admin, proxy, control = parts.start_sandbox(
        desk,
        admin_port=configuration.sandbox_admin_port,
        proxy_port=configuration.sandbox_proxy_port,
        faults=configuration.sandbox_faults,
    )
    return {
        "admin_url": admin,
        "admin_key": configuration.sandbox_admin_key,
        "public_url": proxy,
        "control_url": control,
        "environment": "sandbox",
    }


def banner(
    address: str,
    gateway: Mapping[str, str],
    upstream: str,
    told: Mapping[str, str],
) -> Iterator[str]:
    """Yield what a person needs to begin. Its first line is the first with an address."""
    yield ""
    yield f"Gatehouse: {address}"
    yield f"people: {PEOPLE}"
    if told["password"]:
        yield f"password of each: {told['password']}"
    else:
        yield "password of each: the one shown at the first start"
    if told["token"]:
        yield f"token of alice: {told['token']}"
    else:
        yield f"token of alice: sign in as alice and make one at {address}/tokens/"
    name = "sandbox gateway" if gateway["environment"] else "gateway"
    where = gateway["public_url"] or "its data plane"
    yield f"{name}: {where} (Admin API {gateway['admin_url']})"
    if trouble := told.get("trouble"):
        yield f"gateway trouble: {trouble}"
    yield f"conference upstream: {upstream}"
    yield ""


def answers(listener: socket.socket) -> bool:
    """Whether the web server answers HTTP, whatever it says."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(host, port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Keep a second desk from the same state. Raises Refused."""
    (var / "run").mkdir(parents=True, exist_ok=True)
    # Hashes of passwords and tokens, logs: nobody else's on this machine.
    var.chmod(0o700)
    with (var / "run" / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(
                f"This desk is running already (its state is in {var}). For a second "
                "one, give it a state of its own: GATEHOUSE_VAR=var-2 make run"
            ) from error
        yield
