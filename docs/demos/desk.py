"""What the demos share: a program that asks, people who decide, and the gateway itself.

Start the desk with `make run` in one terminal; in another one, with the password and
the token of its banner:

    export PASSWORD=… TOKEN=…
    .venv/bin/python docs/demos/many_items.py

Every demo says what it does and stops with an error when the desk does otherwise.
`DESK`, `GATEWAY` and `ADMIN` are addresses, if they are not those of `make run`; `ADMIN_KEY` is
`SANDBOX_ADMIN_KEY` of `.env`.
"""

import os
import re
import sys
import time
import uuid
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import requests

DESK = os.environ.get("DESK", "http://localhost:5000")
GATEWAY = os.environ.get("GATEWAY", "http://localhost:9080")
ADMIN = os.environ.get("ADMIN", "http://localhost:9180")
SECONDS = 300


def say(words: str) -> None:
    """Tell what happens."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def some(name: str) -> str:
    """Return a name that no earlier run has used."""
    return f"{name}-{uuid.uuid4().hex[:6]}"


def needed(variable: str) -> str:
    """Return what must be in the environment."""
    value = os.environ.get(variable)
    if not value:
        sys.exit(f"Set {variable}; docs/demos/desk.py says how.")
    return value


def expect(met: object, words: str) -> None:
    """Stop here unless it is so."""
    if not met:
        sys.exit(f"Not so: {words}.")
    say(f"  ✓ {words}")


def until(what: str) -> Iterator[None]:
    """Let a loop look again and again; stop the demo when it takes minutes."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
    sys.exit(f"Not within {SECONDS} s: {what}.")


class Program:
    """Asks with alice's token, as ChatGPT does."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {needed('TOKEN')}"

    def ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        """Send a request; `json`, `params`, `files` as `requests` has them."""
        return self._session.request(method, f"{DESK}{path}", timeout=SECONDS, **sent)

    def told(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """Send a request that must succeed; return its answer."""
        response = self.ask(method, path, **sent)
        words = "" if response.ok else f": {response.text}"
        expect(response.ok, f"{method} {path} answers {response.status_code}{words}")
        answer: dict[str, Any] = response.json()
        return answer

    def propose(self, title: str, *items: dict[str, Any], **fields: Any) -> int:
        """File a change; return its number."""
        body = {"title": title, "reason": "To show how it works.", "items": items}
        answer = self.told("POST", "/api/changes", json=body | fields)
        say(f"  {answer['message']}")
        number: int = answer["change"]["number"]
        return number

    def change(self, number: int) -> dict[str, Any]:
        """Return a change as it is now."""
        answer: dict[str, Any] = self.ask("GET", f"/api/changes/{number}").json()
        return answer

    def route(self, name: str) -> dict[str, Any]:
        """Return a route as the desk tells it, once it has seen it."""
        for _ in until(f"route {name} is seen"):
            response = self.ask("GET", f"/api/routes/{name}")
            if response.ok:
                break
        document: dict[str, Any] = response.json()["route"]
        return document

    def wait_for(self, number: int, state: str) -> None:
        """Wait until a change is in a state, and tell what is said meanwhile."""
        said = ""
        for _ in until(f"change #{number} is {state}"):
            answer = self.change(number)
            if answer["message"] != said:
                said = answer["message"]
                say(f"  {said}")
            if answer["change"]["state"] == state:
                return


class Person:
    """Signs in and presses buttons, as a browser does."""

    def __init__(self, name: str) -> None:
        self._session = requests.Session()
        self.post(
            "/accounts/login/",
            page="/accounts/login/",
            username=name,
            password=needed("PASSWORD"),
        )
        expect(name in self.page("/"), f"{name} has signed in")

    def page(self, path: str) -> str:
        """Return a page's HTML."""
        response = self._session.get(f"{DESK}{path}", timeout=SECONDS)
        response.raise_for_status()
        return response.text

    def form(self, path: str, *, page: str) -> dict[str, str]:
        """Return what a form of a page would send to a path, as it stands there."""
        return Forms(self.page(page)).to(path, page=page)

    def post(self, path: str, *, page: str, **fields: Any) -> requests.Response:
        """Send the form that stands on a page, with some fields filled otherwise."""
        response = self._session.post(
            f"{DESK}{path}",
            data=self.form(path, page=page) | fields,
            headers={"Referer": f"{DESK}{page}"},
            timeout=SECONDS,
        )
        response.raise_for_status()
        return response

    def approve(self, number: int) -> None:
        """Approve a change on its page."""
        page = f"/changes/{number}/"
        self.post(f"{page}approve/", page=page)
        say(f"  Approved #{number}.")


class Administrator(Person):
    """Arranges gateways in the Django admin."""

    GATEWAYS = "/admin/gateway/gateway/"

    def __init__(self) -> None:
        super().__init__("admin")

    def page_of(self, slug: str) -> str:
        """Return the path of a gateway's page."""
        link = rf'href="({self.GATEWAYS}\d+/change/)[^"]*">{re.escape(slug)}</a>'
        found = re.search(link, self.page(self.GATEWAYS))
        expect(found, f"the Django admin lists gateway {slug}")
        return found[1] if found else ""

    def save(self, page: str, **fields: str) -> None:
        """Fill in a gateway's page and save it."""
        told = self.post(page, page=page, **fields)
        expect("errornote" not in told.text, "the gateway is saved")

    def retire(self, slug: str) -> None:
        """Take a gateway out of service; its history stays."""
        key = self.page_of(slug).rstrip("/").split("/")[-2]
        chosen = {"action": "retire_selected", "_selected_action": key}
        chosen["reason"] = "It was for this demonstration."
        self.post(self.GATEWAYS, page=self.GATEWAYS, **chosen)


class Forms(HTMLParser):
    """Reads what a browser would send of each form, without files and buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        # Of each form, and of each button that sends it elsewhere.
        self._sent: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self._text = self._select = ""
        self.feed(html)

    def to(self, path: str, *, page: str) -> dict[str, str]:
        """Return what is sent to a path; a form that names none is sent to its page."""
        return self._sent.get(path) or (self._sent.get("", {}) if path == page else {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attrs}
        name, value = told.get("name", ""), told.get("value", "")
        if tag == "form":
            self._fields = {}
            if told.get("method", "").lower() == "post":
                self._sent[told.get("action", "")] = self._fields
        elif tag == "button" and "formaction" in told:
            self._sent[told["formaction"]] = self._fields
        elif tag == "input" and told.get("type") in ("checkbox", "radio"):
            if "checked" in told:
                self._fields[name] = told.get("value", "on")
        elif tag == "input" and told.get("type") not in ("submit", "file"):
            self._fields[name] = value
        elif tag == "textarea":
            self._text, self._fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and (
            self._select not in self._fields or "selected" in told
        ):
            self._fields[self._select] = value

    def handle_data(self, data: str) -> None:
        if self._text:
            self._fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text:
            # A line's end right after the tag is none of the text.
            told = self._fields[self._text].removeprefix("\n")
            self._fields[self._text], self._text = told, ""


class Operator:
    """Goes past the desk, straight to the Admin API: what Gatehouse calls drift."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.headers["X-API-KEY"] = needed("ADMIN_KEY")

    def send(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """Send a request to the Admin API that must succeed."""
        response = self._session.request(
            method, f"{ADMIN}/apisix/admin{path}", timeout=SECONDS, **sent
        )
        expect(response.ok, f"past the desk: {method} {path}")
        answer: dict[str, Any] = response.json()
        return answer
