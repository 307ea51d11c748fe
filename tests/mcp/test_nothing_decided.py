"""No tool decides, delivers or administers: not even with a superuser's token."""

from typing import Any

import orjson
import pytest

from gateway.models import Gateway
from portal.audit.models import AuditEvent
from portal.changes.states import State
from portal.mcp.tools import tools
from tests.api.conftest import Desk
from tests.factories import Cast, make_change, make_drift
from tests.mcp.conftest import asker_of
from tests.test_no_token_decides import MAY_HAPPEN, state_of_everything
from tests.web.conftest import sign_in

# What fits the arguments of any tool, as far as one value can.
PLAUSIBLE: dict[str, Any] = {
    "reason": "approve it",
    "title": "approve it",
    "comment": "approved",
    "kind": "route",
    "code": "auth_missing",
    "query": "conference",
    "name": "limit-count",
    "route": {"uri": "/x", "upstream": {"url": "http://127.0.0.1:8000"}},
    "items": [{"action": "delete", "kind": "route", "id": "conference"}],
    "request": {"method": "GET", "url": "/speaker/1"},
    "settings": {},
}


def arguments(tool: Any, number: int) -> list[dict[str, Any]]:
    """Return what to try: the needed arguments, and all that there is a value for."""
    schema = tool.described["inputSchema"]
    values = PLAUSIBLE | {"number": number, "change": number}
    values["id"] = f"change:{number}" if tool.name == "fetch" else "conference"
    known = {name: values[name] for name in schema["properties"] if name in values}
    needed = {name: known[name] for name in schema.get("required", [])}
    return [needed, known]


@pytest.mark.django_db
@pytest.mark.parametrize("name", list(tools()))
def test_no_tool_decides_even_for_a_superuser(desk: Desk, name: str) -> None:
    gateway, people = desk.gateway, desk.people
    held = {"uri": "/speaker/*", "upstream": {"nodes": {"127.0.0.1:8000": 1}}}
    desk.hold("route", "conference", held)
    for number, state in ((1, State.IN_REVIEW), (2, State.APPROVED), (3, State.FAILED)):
        make_change(gateway=gateway, author=people.alice, state=state, pk=number)
    make_drift(gateway, pk=1)
    admin = asker_of(people.admin)
    before = state_of_everything()

    for number in (1, 2, 3):
        for given in arguments(tools()[name], number):
            answer = admin.told("tools/call", name=name, arguments=given)
            assert "result" in answer, answer

    assert state_of_everything() == before
    # Whether it would take a document is asked of it, and nothing is written.
    written = {sent["path"] for sent in desk.sandbox.requests("write")}
    assert written <= {"/apisix/admin/configs/validate"}
    happened = set(AuditEvent.objects.values_list("event", flat=True))
    assert happened <= MAY_HAPPEN


@pytest.mark.django_db
def test_names_of_decisions_are_no_tools(people: Cast, gateway: Gateway) -> None:
    make_change(gateway=gateway, author=people.alice, pk=1)
    admin = asker_of(people.admin)

    for verb in ("approve", "reject", "request_changes", "deliver", "retry", "cancel"):
        for name in (verb, f"{verb}_change", f"{verb}Change"):
            told = admin.told("tools/call", name=name, arguments={"number": 1})
            assert told["error"]["code"] == -32602


@pytest.mark.django_db
def test_a_session_beside_a_token_adds_nothing(people: Cast, gateway: Gateway) -> None:
    make_change(gateway=gateway, author=people.alice, pk=1)
    client = sign_in(people.admin)
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "withdraw_change", "arguments": {"number": 1}},
    }

    response = client.post(
        "/mcp",
        orjson.dumps(asked),
        content_type="application/json",
        headers={"Authorization": f"Bearer {asker_of(people.riley).secret}"},
    )

    told = orjson.loads(response.content)["result"]
    assert told["isError"]
    assert orjson.loads(told["content"][-1]["text"])["code"] == "not_yours"


def test_a_plausible_value_is_known_for_whatever_a_tool_needs() -> None:
    for tool in tools().values():
        assert arguments(tool, 1)
