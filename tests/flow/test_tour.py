"""The tour of the README, with real processes over real HTTP and a real browser."""

import re
import sqlite3
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.flow.stack import Stack
from tests.waiting import LONG, eventually

pytestmark = [pytest.mark.flow, pytest.mark.browser, pytest.mark.valkey]


class ChatGPT:
    """Calls the plugin as a model's runtime does: by operationId, from its document."""

    def __init__(self, desk: Stack) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        manifest = self.session.get(
            f"{desk.url}/.well-known/ai-plugin.json", timeout=LONG
        )
        self.manifest: dict[str, Any] = manifest.json()
        document = self.manifest["api"]["url"].replace(".yaml", ".json")
        self.document: dict[str, Any] = self.session.get(document, timeout=LONG).json()
        self.session.headers["Authorization"] = f"Bearer {desk.token}"

    def call(
        self, operation: str, body: Any = None, **parameters: str
    ) -> requests.Response:
        """Send one operation; path parameters by name, the rest as the query."""
        for path, methods in self.document["paths"].items():
            for method, described in methods.items():
                if (
                    not isinstance(described, dict)
                    or described.get("operationId") != operation
                ):
                    continue
                url = self.document["servers"][0]["url"] + path
                for name in re.findall(r"{(\w+)}", path):
                    url = url.replace(f"{{{name}}}", parameters.pop(name))
                return self.session.request(
                    method.upper(), url, json=body, params=parameters, timeout=LONG
                )
        raise AssertionError(f"The document has no operation {operation}.")


def sign_in(browser: Browser, desk: Stack, name: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"{desk.url}/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(desk.password)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    page.wait_for_url(f"{desk.url}/")
    return page


def live(desk: Stack, path: str) -> requests.Response:
    return requests.get(f"{desk.proxy}{path}", timeout=LONG)


def test_ask_approve_delivered_remembered(stack: Stack, browser: Browser) -> None:
    chatgpt = ChatGPT(stack)

    # As ChatGPT: look, try, ask.
    assert chatgpt.manifest["auth"] == {
        "type": "user_http",
        "authorization_type": "bearer",
    }
    assert chatgpt.call("getAllRoutes").json()["results"] == []
    route = {
        "name": "conference",
        "uri": "/speaker/*",
        "upstream": {"url": stack.upstream},
    }
    preview = chatgpt.call(
        "previewChange",
        {
            "title": "Conference API",
            "reason": "The conference starts.",
            "items": [{"action": "create", "kind": "route", "document": route}],
        },
    )
    assert preview.status_code == 200, preview.text
    asked = chatgpt.call(
        "createRoute", {"reason": "The conference starts.", "route": route}
    )
    assert asked.status_code == 202, asked.text
    number = asked.json()["change"]["number"]
    assert asked.json()["change"]["state"] == "in_review"
    assert f"#{number}" in asked.json()["message"]
    assert live(stack, "/speaker/1/sessions").status_code == 404

    # As riley: the queue, the change, approve; the page turns to applied by itself.
    riley = sign_in(browser, stack, "riley")
    riley.goto(f"{stack.url}/changes/")
    riley.locator(f'a[href="/changes/{number}/"]').first.click()
    riley.wait_for_url(f"{stack.url}/changes/{number}/")
    expect(riley.get_by_text("/speaker/*").first).to_be_visible()
    riley.get_by_role("button", name=re.compile("^Approve")).click()
    expect(riley.get_by_text("Applied", exact=True).first).to_be_visible(
        timeout=LONG * 1000
    )
    expect(riley.get_by_text("PUT").first).to_be_visible()

    sessions = eventually(
        lambda: (r := live(stack, "/speaker/1/sessions")).status_code == 200 and r,
        "the route answers",
    )
    assert sessions.json()

    # ChatGPT hears it; a limit is asked for and refused with a note.
    told = chatgpt.call("getChange", number=str(number)).json()
    assert told["change"]["state"] == "applied"
    [listed] = chatgpt.call("getAllRoutes").json()["results"]
    limit = {"limit-count": {"count": 2, "time_window": 60, "rejected_code": 429}}
    update = chatgpt.call(
        "updateRoute",
        {"reason": "Too many calls.", "route": {"plugins": limit}},
        id=listed["id"],
    )
    assert update.status_code == 202, update.text
    second = update.json()["change"]["number"]
    riley.goto(f"{stack.url}/changes/{second}/")
    expect(riley.get_by_text("limit-count").first).to_be_visible()
    form = riley.locator(
        "form", has=riley.get_by_role("button", name=re.compile("^Reject"))
    )
    form.locator("textarea").fill("Two are too few for a keynote.")
    form.get_by_role("button", name=re.compile("^Reject")).click()
    expect(riley.get_by_text("Rejected", exact=True).first).to_be_visible()
    rejected = chatgpt.call("getChange", number=str(second))
    assert rejected.json()["change"]["state"] == "rejected"
    assert "Two are too few for a keynote." in rejected.text
    alice = sign_in(browser, stack, "alice")
    alice.goto(f"{stack.url}/changes/{second}/")
    expect(alice.get_by_text("Two are too few for a keynote.").first).to_be_visible()
    expect(alice.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)

    # Deleted, after approval the address answers 404 again.
    removal = chatgpt.call("deleteRoute", id=listed["id"], reason="It is over.")
    assert removal.status_code == 202, removal.text
    third = removal.json()["change"]["number"]
    assert live(stack, "/speaker/1/sessions").status_code == 200
    riley.goto(f"{stack.url}/changes/{third}/")
    riley.get_by_role("button", name=re.compile("^Approve")).click()
    expect(riley.get_by_text("Applied", exact=True).first).to_be_visible(
        timeout=LONG * 1000
    )
    eventually(
        lambda: live(stack, "/speaker/1/sessions").status_code == 404, "it is gone"
    )

    # As audrey: who, when, through which channel and client.
    audrey = sign_in(browser, stack, "audrey")
    audrey.goto(f"{stack.url}/audit/")
    for words in ("alice", "riley", f"#{number}"):
        expect(audrey.get_by_text(words).first).to_be_visible()
    audrey.goto(f"{stack.url}/admin/audit/auditevent/")
    for done in (
        "submitted the change for review",
        "approved",
        "verified the delivery by reading back",
    ):
        expect(audrey.get_by_role("cell", name=done, exact=True).first).to_be_visible()

    # The chain holds, until somebody who owns the database alters a row.
    verified = stack.manage("verify_audit")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    [database] = stack.var.glob("*.sqlite3")
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute(
            "UPDATE audit_auditevent SET actor = 'mallory' WHERE number = 9"
        )
    connection.close()
    touched = stack.manage("verify_audit")
    assert touched.returncode != 0
    assert "event 9:" in touched.stdout
    assert "audit_event_no_update" in touched.stdout
