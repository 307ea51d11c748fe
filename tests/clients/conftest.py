"""A real desk for programs of others, and a reviewer who decides in the portal."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.flow.stack import Stack
from tests.waiting import LONG, eventually


@dataclass
class Reviewer:
    """riley, who opens the portal and presses its buttons."""

    desk: Stack
    session: requests.Session

    def approve(self, number: int) -> None:
        """Approve a change once it is in review; return when it is applied."""
        page = f"{self.desk.url}/changes/{number}/"
        action = f"/changes/{number}/approve/"
        form = eventually(
            lambda: _form(self.session.get(page, timeout=LONG).text, action),
            f"#{number} waits for a decision",
        )
        answered = self.session.post(
            self.desk.url + action, form, headers={"Referer": page}, timeout=LONG
        )
        assert answered.ok, answered.text
        eventually(lambda: self.state(number) == "applied", f"#{number} is applied")

    def state(self, number: int) -> str:
        told = requests.get(
            f"{self.desk.url}/api/changes/{number}",
            headers={"Authorization": f"Bearer {self.desk.token}"},
            timeout=LONG,
        )
        state: str = told.json()["change"]["state"]
        return state

    def the_newest(self) -> int:
        """Return the number of the change that was filed last."""
        told = requests.get(
            f"{self.desk.url}/api/changes",
            headers={"Authorization": f"Bearer {self.desk.token}"},
            timeout=LONG,
        )
        number: int = told.json()["results"][0]["number"]
        return number


def _form(page: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the form that is sent to an address; {} for none."""
    found = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    return _hidden(found[0]) if found else {}


def _hidden(html: str) -> dict[str, str]:
    inputs = re.findall(r"<input[^>]*>", html)
    told = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in inputs]
    return {
        one["name"]: one.get("value", "")
        for one in told
        if one.get("type") == "hidden" and "name" in one
    }


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A ready desk that lets a program's writes gather for a short while alone."""
    stack = Stack(tmp_path_factory.mktemp("clients") / "desk", GATHER_FOR="3")
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def riley(desk: Stack) -> Reviewer:
    session = requests.Session()
    session.trust_env = False
    page = f"{desk.url}/accounts/login/"
    form = _hidden(session.get(page, timeout=LONG).text)
    signed_in = session.post(
        page,
        form | {"username": "riley", "password": desk.password},
        headers={"Referer": page},
        timeout=LONG,
    )
    assert signed_in.ok, signed_in.text
    return Reviewer(desk, session)


def live(desk: Stack, kind: str, resource_id: str) -> Any:
    """Return what the gateway itself holds; None for nothing."""
    told = requests.get(
        f"{desk.sandbox_admin}/apisix/admin/{kind}/{resource_id}",
        headers={"X-API-KEY": desk.admin_key},
        timeout=LONG,
    )
    return told.json()["value"] if told.ok else None
