"""Did it arrive? Each node is asked, and a probe that fails takes its change back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from desk import (
    GATEWAY,
    SECONDS,
    Administrator,
    Person,
    Program,
    expect,
    say,
    some,
    until,
)


class SecondNode(ThreadingHTTPServer):
    """A Control API that tells what the first node holds, once it has caught up."""

    def __init__(self, first: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.first, self.has_caught_up = first, False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: SecondNode

    def do_GET(self) -> None:
        status, body = 404, b'{"error_msg": "not found"}'
        if self.server.has_caught_up:
            told = requests.get(self.server.first + self.path, timeout=SECONDS)
            status, body = told.status_code, told.content
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the demo does."""


@contextmanager
def two_nodes(admin: Administrator) -> Iterator[SecondNode]:
    """Let the gateway have a second node meanwhile."""
    page = admin.page_of("default")
    first = admin.form(page, page=page)["control_urls"].split()[0]
    node = SecondNode(first)
    threading.Thread(target=node.serve_forever, daemon=True).start()
    admin.save(page, control_urls=f"{first}\n{node.url}")
    try:
        yield node
    finally:
        admin.save(page, control_urls=first)
        node.shutdown()


def settled(program: Program, number: int) -> list[dict[str, Any]]:
    """Return how each node stands, once nobody waits for it any more."""
    nodes: list[dict[str, Any]] = []
    for _ in until("the nodes are settled"):
        nodes = program.change(number)["change"]["delivery"]["nodes"]
        if all(node["state"] != "waiting" for node in nodes):
            break
    for node in nodes:
        say(f"  {node['url']}: {node['state']} {node['words']}".rstrip())
    return nodes


def main() -> None:
    program, riley, name = Program(), Person("riley"), some("arrived")
    probe = {"path": f"/{name}", "expect": {"status": 200, "body_contains": "Ada"}}
    item: dict[str, Any] = {"kind": "route", "id": name}

    def answers(status: int, body: str) -> dict[str, Any]:
        abort = {"http_status": status, "body": body}
        return {"plugins": {"fault-injection": {"abort": abort}}}

    with two_nodes(Administrator()) as second:
        say("The gateway has two nodes; the second has heard of nothing yet.")
        made = {"uri": f"/{name}", "upstream": {"nodes": {"10.0.0.1:8080": 1}}}
        document = made | answers(200, "Ada")
        number = program.propose(
            "A route that answers Ada",
            item | {"action": "create", "document": document},
            probe=probe,
        )
        riley.approve(number)
        program.wait_for(number, "applied")
        states = [node["state"] for node in settled(program, number)]
        expect(states == ["reached", "lagging"], "the node that lags is named")
        for _ in until("the probe was sent"):
            told = program.change(number)["change"]["delivery"]["probe"]
            if told["state"] != "waiting":
                break
        expect(told["state"] == "passed", "the probe got Ada from the gateway")

        say("The node catches up; and a change breaks what its own probe asks for.")
        second.has_caught_up = True
        broken = program.propose(
            "A mistake",
            item | {"action": "update", "document": answers(503, "Oh")},
            probe=probe | {"take_back": True},
        )
        riley.approve(broken)
        program.wait_for(broken, "applied")
        states = [node["state"] for node in settled(program, broken)]
        expect(states == ["reached", "reached"], "both nodes have it")

    for _ in until("it is taken back"):
        answer = requests.get(f"{GATEWAY}/{name}", timeout=SECONDS)
        if answer.text == "Ada":
            break
    for _ in until("that is told"):
        told = program.change(broken)
        if "took it back" in told["message"]:
            break
    say(f"  {told['message']}")
    expect(answer.ok, "the probe failed, and the gateway answers Ada again")


if __name__ == "__main__":
    main()
