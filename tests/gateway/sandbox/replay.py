"""Replays recorded requests against the sandbox and tells where the answers differ."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.sandbox import KEY, SECONDS, SandboxGateway

VOLATILE = {"create_time", "update_time", "createdIndex", "modifiedIndex"}
GENERATED_ID = re.compile(r"\d{20}")
ADMIN = "/apisix/admin"


@dataclass
class Tally:
    """How many recorded answers were met, and what each other one was."""

    name: str
    asked: int = 0
    met: int = 0
    misses: list[str] = field(default_factory=list)

    def count(self, met: bool, miss: str) -> None:
        """Count one answer."""
        self.asked += 1
        self.met += met
        if not met:
            self.misses.append(miss)

    @property
    def share(self) -> float:
        """The share of answers that were met, 1.0 when nothing was asked."""
        return self.met / self.asked if self.asked else 1.0

    def __str__(self) -> str:
        head = f"{self.name}: {self.met} of {self.asked} ({self.share:.1%})"
        return "\n".join([head, *(f"  {miss}" for miss in self.misses)])


@dataclass(frozen=True)
class Answered:
    """One recorded step and what the sandbox said to it."""

    place: str
    step: dict[str, Any]
    status: int
    body: Any

    @property
    def recorded_body(self) -> Any:
        """What the real gateway answered, None when that was no JSON."""
        return self.step.get("response")

    @property
    def recorded_error(self) -> str | None:
        """The recorded `error_msg`, if any."""
        body = self.recorded_body
        return body.get("error_msg") if isinstance(body, dict) else None

    @property
    def error(self) -> str | None:
        """The sandbox's `error_msg`, if any."""
        return self.body.get("error_msg") if isinstance(self.body, dict) else None

    def __str__(self) -> str:
        return f"{self.place} {self.step['method']} {self.step['path']}"


def replay(
    sandbox: SandboxGateway, name: str, steps: list[dict[str, Any]]
) -> Iterator[Answered]:
    """Send the steps one after another to an empty sandbox."""
    sandbox.reset()
    ids: dict[str, str] = {}
    leased: set[str] = set()
    with requests.Session() as session:
        session.trust_env = False
        for number, step in enumerate(steps, start=1):
            path = with_own_ids(step["path"], ids)
            if not path.startswith(ADMIN):
                # Recorded at the data plane or the Control API.
                continue
            if path in leased and step["status"] == 404:
                wait_until_gone(sandbox, path)
            response = send(session, sandbox, step, path)
            body = _json(response)
            if "ttl=" in path:
                leased.add(urlsplit(path).path)
            if step["method"] == "POST":
                learn_id(ids, step.get("response"), body)
            yield Answered(f"{name}[{number}]", step, response.status_code, body)


def stable(value: Any) -> Any:
    """Return a body without what differs from one gateway to the next."""
    if isinstance(value, dict):
        return {key: stable(item) for key, item in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [stable(item) for item in value]
    return GENERATED_ID.sub("GENERATED", value) if isinstance(value, str) else value


def plugins_of(step: dict[str, Any]) -> set[str]:
    """Return the names of the plugins that a step is about."""
    found = set(re.findall(rf"{ADMIN}/plugin_metadata/([\w-]+)", step["path"]))
    found |= set(re.findall(rf"{ADMIN}/(?:schema/)?plugins/([\w-]+)", step["path"]))
    body = step.get("json")
    if body is None and isinstance(step.get("body"), str):
        try:
            body = json.loads(step["body"])
        except ValueError:
            body = None
    _collect(body, found)
    return found


def _collect(value: Any, found: set[str]) -> None:
    if isinstance(value, dict):
        plugins = value.get("plugins")
        if isinstance(plugins, dict):
            found.update(plugins)
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)


def send(
    session: requests.Session, sandbox: SandboxGateway, step: dict[str, Any], path: str
) -> requests.Response:
    headers = {
        name: value.replace("ADMIN-KEY", KEY)
        for name, value in (step.get("request_headers") or {}).items()
    }
    # Recordings were made with the admin key unless they are about having none.
    if step.get("note") == "wrong key":
        headers["X-API-KEY"] = "not-the-key"
    elif step.get("note") not in ("no key", "key by query", "key by cookie"):
        headers.setdefault("X-API-KEY", KEY)
    if "json" in step:
        body = json.dumps(step["json"]).encode()
    elif step.get("body_left_out") or "characters left out" in str(step.get("body")):
        body = b"x" * int(re.findall(r"\d+", step["body"])[0])
    else:
        body = (step.get("body") or "").encode()
    prepared = requests.Request(
        step["method"], sandbox.admin_url, headers=headers, data=body or None
    ).prepare()
    # Set afterwards: the recorded path goes out as it is, with its own escapes.
    prepared.url = sandbox.admin_url + path.replace("ADMIN-KEY", KEY)
    return session.send(prepared, timeout=SECONDS)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def with_own_ids(path: str, ids: dict[str, str]) -> str:
    return GENERATED_ID.sub(lambda match: ids.get(match[0], match[0]), path)


def learn_id(ids: dict[str, str], recorded: Any, answered: Any) -> None:
    if isinstance(recorded, dict) and isinstance(answered, dict):
        theirs = (recorded.get("value") or {}).get("id")
        ours = (answered.get("value") or {}).get("id")
        if theirs and ours:
            ids[theirs] = ours


def wait_until_gone(sandbox: SandboxGateway, path: str) -> None:
    _, kind, name = path.removeprefix(ADMIN).split("/")
    deadline = time.monotonic() + SECONDS
    while sandbox.get(kind.removesuffix("s"), name) and time.monotonic() < deadline:
        time.sleep(0.05)
