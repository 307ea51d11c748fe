"""The sandbox's Control API: what its node tells of what it holds."""

from typing import Any

import pytest
import requests

from tests.sandbox import SandboxGateway

SECONDS = 60
DOCUMENTS: dict[str, dict[str, Any]] = {
    "route": {"uri": "/a", "upstream": {"nodes": {"127.0.0.1:1": 1}}},
    "service": {"upstream": {"nodes": {"127.0.0.1:1": 1}}},
    "upstream": {"nodes": {"127.0.0.1:1": 1}},
}


def ask(sandbox: SandboxGateway, path: str) -> requests.Response:
    return requests.get(f"{sandbox.control_url}/v1/{path}", timeout=SECONDS)


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_one_and_all_are_told_with_their_revision(
    sandbox: SandboxGateway, kind: str
) -> None:
    sandbox.put(kind, "a", DOCUMENTS[kind])
    stored = sandbox.send("GET", kind, "a").json()

    one = ask(sandbox, f"{kind}/a")

    assert one.status_code == 200
    assert one.json()["modifiedIndex"] == stored["modifiedIndex"]
    assert one.json()["createdIndex"] == stored["createdIndex"]
    assert one.json()["value"]["id"] == "a"
    assert ask(sandbox, f"{kind}s").json() == [one.json()]


def test_what_it_does_not_hold_and_does_not_tell(sandbox: SandboxGateway) -> None:
    missing = ask(sandbox, "route/r1")
    assert (missing.status_code, missing.json()) == (
        404,
        {"error_msg": "route[r1] not found"},
    )
    for path in ("nope", "consumers", "consumer/jack", "routes/r1"):
        answer = ask(sandbox, path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
    posted = requests.post(f"{sandbox.control_url}/v1/routes", timeout=SECONDS)
    assert posted.status_code == 404


def test_a_node_that_lags_tells_what_was(sandbox: SandboxGateway) -> None:
    sandbox.put("route", "a", DOCUMENTS["route"])
    sandbox.put("route", "gone", DOCUMENTS["route"])
    before = ask(sandbox, "routes").json()
    sandbox.misbehave(do="lag", milliseconds=3_600_000)

    sandbox.put("route", "a", DOCUMENTS["route"] | {"desc": "new"})
    sandbox.put("route", "b", DOCUMENTS["route"])
    sandbox.delete("route", "gone")

    assert ask(sandbox, "routes").json() == before
    assert ask(sandbox, "route/b").status_code == 404
    sandbox.behave()
    assert ask(sandbox, "route/a").json()["value"]["desc"] == "new"
    assert [row["value"]["id"] for row in ask(sandbox, "routes").json()] == ["a", "b"]
