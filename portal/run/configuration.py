"""What `make run` is told: `.env`, made on first start, and the environment.

The process environment wins over `.env`, and any variable may come from a file
(`NAME_FILE`), as everywhere (portal/settings.py).
"""

import base64
import ipaddress
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import environ

ROOT = Path(__file__).resolve().parents[2]

HEADING = """\
# Made by `make run` for this desk alone; `manage.py` reads it too. Keep it: without
# FIELD_ENCRYPTION_KEY no stored secret can be opened again. The process environment
# wins over what stands here.
"""


class Refused(Exception):
    """The desk must not start like this; the message says why and what to change."""


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MADE: dict[str, Callable[[], str]] = {
    # Demo people may exist: this file's desk is reachable from this machine only.
    "GATEHOUSE_DEMO": lambda: "true",
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEY": _fernet_key,
    "SANDBOX_ADMIN_KEY": lambda: secrets.token_urlsafe(24),
}


def env_file() -> Path | None:
    """Return where `.env` is or will be; None when the environment says to use none."""
    named = os.environ.get("GATEHOUSE_ENV_FILE")
    if named == "":
        return None
    return Path(named) if named else ROOT / ".env"


def complete(path: Path) -> None:
    """Add to `.env` what the desk needs and neither it nor the environment has.

    What stands there stays. The file is then readable by its owner alone.
    """
    text = path.read_text() if path.exists() else HEADING
    there = {line.partition("=")[0].strip() for line in text.splitlines()}
    lines = [
        f"{name}={make()}\n"
        for name, make in MADE.items()
        if not {name, f"{name}_FILE"} & (there | os.environ.keys())
    ]
    if not lines:
        return
    if text and not text.endswith("\n"):
        text += "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
    ) as f:
        f.write(text + "".join(lines))
    part.replace(path)


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address: loopback, by name or number."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How the desk is to run. Port 0 is any free one."""

    var: Path
    bind: str
    web_port: int
    public_url: str
    sandbox_admin_port: int
    sandbox_proxy_port: int
    sandbox_admin_key: str
    sandbox_faults: bool
    has_own_gateway: bool
    broker_url: str

    def __repr__(self) -> str:
        return f"Configuration(var={self.var}, web_port={self.web_port})"


def read() -> Configuration:
    """Make `.env` if need be, read it into the environment, and return what counts.

    Raises Refused.
    """
    env = environ.FileAwareEnv()
    if path := env_file():
        complete(path)
        env.read_env(str(path))
    bind = env.str("WEB_BIND", default="127.0.0.1")
    public_url = env.str("PUBLIC_URL", default="").rstrip("/")
    if not is_local(bind):
        raise Refused(
            f"WEB_BIND is {bind}, which other machines can reach, but `make run` makes "
            "people whose passwords it prints. Unset it; to serve others, use "
            "docker compose."
        )
    if public_url and not is_local(urlsplit(public_url).hostname or ""):
        raise Refused(
            "PUBLIC_URL is not an address of this machine, but `make run` makes people "
            "whose passwords it prints. Unset it; to serve others, use docker compose."
        )
    own = [name for name in _OWN_GATEWAY if env.str(name, default="")]
    if own and len(own) < len(_OWN_GATEWAY):
        missing = next(name for name in _OWN_GATEWAY if name not in own)
        raise Refused(
            f"{own[0]} is set, {missing} is not. Set both to manage your own gateway, "
            "or neither to get a sandbox."
        )
    return Configuration(
        var=Path(env.str("GATEHOUSE_VAR", default=str(ROOT / "var"))).absolute(),
        bind=bind,
        web_port=_port(env, "WEB_PORT", 5000),
        public_url=public_url,
        sandbox_admin_port=_port(env, "SANDBOX_ADMIN_PORT", 9180),
        sandbox_proxy_port=_port(env, "SANDBOX_PROXY_PORT", 9080),
        sandbox_admin_key=env.str("SANDBOX_ADMIN_KEY", default="")
        or secrets.token_urlsafe(24),
        sandbox_faults=env.bool("SANDBOX_FAULTS", default=False),
        has_own_gateway=bool(own),
        broker_url=env.str("CELERY_BROKER_URL", default=""),
    )


_OWN_GATEWAY = ("APISIX_ADMIN_URL", "APISIX_ADMIN_KEY")


def _port(env: environ.Env, name: str, default: int) -> int:
    text = env.str(name, default=str(default))
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise Refused(f"{name} must be a port number, 0 to 65535; it is {text!r}.")
    return int(text)
