"""How far reads through the façade agree with what a real gateway was recorded to answer.

The state of each sequence is brought about on the sandbox itself; what reads is asked of
the façade before it. Prints its figure and every disagreement (pytest -s, or on failure).
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from tests.contract import contract
from tests.facade.conftest import ADMIN, Program
from tests.factories import make_gateway
from tests.gateway.sandbox.replay import (
    Tally,
    learn_id,
    send,
    wait_until_gone,
    with_own_ids,
)
from tests.sandbox import SandboxGateway

pytestmark = [pytest.mark.contract, pytest.mark.django_db]

BAR = 0.97
# Refused here on purpose: a key in an address or a cookie.
REFUSED_HERE = {"key by query", "key by cookie"}


@pytest.fixture(scope="module")
def streaming() -> Iterator[SandboxGateway]:
    """A sandbox with stream mode on, as some recordings were made."""
    gateway = SandboxGateway(stream=True)
    yield gateway
    gateway.close()


def test_reads_agree_in_status_and_shape(
    streaming: SandboxGateway, sandbox: SandboxGateway, alice: Program, settings: Any
) -> None:
    settings.API_RATE_TOKEN = settings.API_RATE_PERSON = 0
    for slug, server in (("streaming", streaming), ("plain", sandbox)):
        make_gateway(slug, admin_url=server.admin_url, admin_key=server.key, version="")
    tally = Tally("reads through the façade: status and shape")

    alice.base = "/g/streaming"
    for sequence in contract("admin"):
        count(tally, streaming, alice, sequence["name"], sequence["steps"])
    alice.base = "/g/plain"
    count(tally, sandbox, alice, "behaviour", contract("behaviour"))

    print(tally)  # noqa: T201
    assert tally.asked > 130
    assert tally.share >= BAR, str(tally)


def count(
    tally: Tally,
    sandbox: SandboxGateway,
    program: Program,
    name: str,
    steps: list[dict[str, Any]],
) -> None:
    """Send what writes to the sandbox and what reads to the façade, in order."""
    sandbox.reset()
    ids: dict[str, str] = {}
    with requests.Session() as session:
        session.trust_env = False
        for number, step in enumerate(steps, start=1):
            path = with_own_ids(step["path"], ids)
            if not path.startswith(ADMIN):
                continue
            if not reads(step):
                response = send(session, sandbox, step, path)
                if step["method"] == "POST":
                    learn_id(ids, step.get("response"), json_of(response.content))
                continue
            if step["status"] == 404 and "ttl" in path:
                wait_until_gone(sandbox, path)
            headers = dict(step.get("request_headers") or {})
            if step.get("note") in ("no key", "wrong key", *REFUSED_HERE):
                headers["X_API_KEY"] = "wrong" if step["note"] == "wrong key" else ""
            answered = program.send(
                step["method"],
                path.replace("ADMIN-KEY", program.secret),
                body(step),
                **headers,
            )
            said, recorded = json_of(answered.content), recorded_body(step)
            met = answered.status_code == step["status"] and (
                recorded is None or shape(said, path) == shape(recorded, path)
            )
            tally.count(
                met,
                f"{name}[{number}] {step['method']} {path}: {answered.status_code} for "
                f"{step['status']}\n    said {said}\n    for  {recorded}",
            )


def reads(step: dict[str, Any]) -> bool:
    """Whether a step changes nothing on the gateway."""
    is_check = step["method"] == "POST" and "/validate" in step["path"]
    return is_check or step["method"] in ("GET", "HEAD", "OPTIONS")


def body(step: dict[str, Any]) -> bytes | None:
    if "json" in step:
        return orjson.dumps(step["json"])
    text = step.get("body") or ""
    if step.get("body_left_out") or "characters left out" in text:
        return b"x" * int(re.findall(r"\d+", text)[0])
    return text.encode() or None


def json_of(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def recorded_body(step: dict[str, Any]) -> Any:
    """Return the JSON that was recorded; None for text, and for nothing."""
    recorded = step.get("response")
    is_text = isinstance(recorded, dict) and "_text" in recorded
    return None if is_text else recorded


def shape(value: Any, path: str) -> Any:
    """Return what a body is made of: names and types, the rows of a list in any order.

    What schemas and plugins say is the sandbox's, and judged there.
    """
    if isinstance(value, dict) and "error_msg" not in value and is_catalogue(path):
        return "dict"
    if isinstance(value, dict):
        return {name: shape(item, path) for name, item in sorted(value.items())}
    if isinstance(value, list) and is_catalogue(path):
        return "list"
    if isinstance(value, list):
        return sorted((shape(item, path) for item in value), key=str)
    return type(value).__name__


def is_catalogue(path: str) -> bool:
    return urlsplit(path).path.split("/")[3:4] in (["plugins"], ["schema"])
