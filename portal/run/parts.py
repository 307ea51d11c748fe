"""The parts of one desk, each a process: broker, sandbox, upstream, worker, web …"""

import json
import os
import re
import socket
from collections.abc import Mapping
from functools import partial

from portal.run import broker
from portal.run.child import Child
from portal.run.configuration import Refused
from portal.run.desk import Desk


def start_broker(desk: Desk) -> None:
    """Start the embedded broker on its Unix socket. Raises Refused."""
    path = broker.socket_path(desk.var)
    state = desk.var / "broker"
    state.mkdir(parents=True, exist_ok=True)
    try:
        program = broker.server_program()
        broker.make_socket_folder(path)
    except broker.NoBroker as error:
        raise Refused(str(error)) from error
    # One that a killed machine left behind would keep the new one from listening.
    path.unlink(missing_ok=True)
    child = desk.child("broker", list(broker.command(program, path, state)))
    desk.start(child)
    desk.wait(child, lambda: broker.answers(path))


def start_sandbox(
    desk: Desk, *, admin_port: int, proxy_port: int, faults: bool
) -> list[str]:
    """Start the sandbox gateway.

    Returns the addresses of its Admin API, its data plane and its Control API.
    """
    child = desk.python(
        "sandbox",
        "gateway.sandbox",
        *("--admin-port", str(admin_port), "--proxy-port", str(proxy_port)),
        *("--control-port", "0"),
        # So that every kind can be tried, stream routes too.
        "--stream",
        *("--state", str(desk.var / "sandbox")),
        *(["--faults"] if faults else []),
    )
    desk.start(child)
    options = ("--admin-port", "--proxy-port", "--control-port")
    desk.wait(child, lambda: len(_addresses(child)) == len(options))
    addresses = _addresses(child)
    # Should it fall, it must come back where the gateway's record says it is.
    for option, address in zip(options, addresses, strict=True):
        child.command[child.command.index(option) + 1] = address.rpartition(":")[2]
    return addresses


def _addresses(child: Child) -> list[str]:
    return re.findall(r"^\w+ listening on (http://\S+)$", child.said(), re.MULTILINE)


def start_upstream(desk: Desk) -> str:
    """Start the demo upstream; return its address, the same as last time if free."""
    memory = desk.var / "run" / "upstream-port"
    remembered = memory.read_text().strip() if memory.exists() else "0"
    # Its port may be somebody else's by now; then any free one will do.
    for port in dict.fromkeys((remembered, "0")):
        child = desk.python("upstream", "gateway.sandbox.upstream_demo", "--port", port)
        desk.start(child)
        try:
            desk.wait(child, partial(_is_bound, child))
        except Refused:
            if port == "0":
                raise
            desk.forget(child)
        else:
            break
    taken = str(_port(child))
    child.command[-1] = taken
    memory.write_text(taken)
    return f"http://127.0.0.1:{taken}"


def _is_bound(child: Child) -> bool:
    return _port(child) > 0


def _port(child: Child) -> int:
    found = re.search(
        r"^listening on \D*(?:[\d.]+:)?(\d+)$", child.said(), re.MULTILINE
    )
    return int(found.group(1)) if found else 0


def prepare(desk: Desk, gateway: Mapping[str, str]) -> dict[str, str]:
    """Migrate, make the demo and the first gateway; return what to tell people.

    `gateway` has `admin_url`, `admin_key`, `public_url`, `control_url` and
    `environment`. Raises Refused.
    """
    reading, writing = os.pipe()
    try:
        child = desk.python(
            "preparation", "portal.run.prepare", str(writing), keep=(writing,)
        )
        child.environment |= {
            f"GATEWAY_{name.upper()}": value for name, value in gateway.items()
        }
        desk.run(child)
    finally:
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
    told: dict[str, str] = json.loads(text)
    if words := told.get("refused"):
        raise Refused(words)
    return told


def start_worker(desk: Desk) -> Child:
    """Start the Celery worker and the scheduler; return the worker."""
    worker = desk.python(
        "worker",
        *("celery", "-A", "portal", "worker", "--loglevel", "INFO"),
        *("--pool", "prefork", "--concurrency", os.environ.get("WORKERS", "2")),
        # For clusters that watch each other; here they only cost messages.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
    scheduler = desk.python(
        "scheduler",
        *("celery", "-A", "portal", "beat", "--loglevel", "WARNING", "--pidfile="),
        *("--schedule", str(desk.var / "run" / "beat-schedule")),
    )
    desk.start(worker)
    desk.start(scheduler)
    return worker


def start_web(desk: Desk, listener: socket.socket) -> Child:
    """Start the web server on a socket that listens already."""
    descriptor = listener.fileno()
    web = desk.python(
        "web server",
        *("gunicorn", "--config", "python:portal.run.gunicorn"),
        *("--bind", f"fd://{descriptor}", "portal.wsgi"),
        keep=(descriptor,),
    )
    desk.start(web)
    return web
