"""A program that speaks APISIX's Admin API: its writes become one change."""

from typing import Any

from desk import Person, Program, expect, say, some

ADMIN_API = "/apisix/admin"
UPSTREAM = {"type": "roundrobin", "nodes": {"10.0.0.1:8080": 1}}


def main() -> None:
    program, riley = Program(), Person("riley")
    name = some("legacy")

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        response = program.ask(method, ADMIN_API + path, json=body, headers=sent)
        say(f"  {method} {ADMIN_API}{path} → {response.status_code}")
        return response

    say("It writes as it always did: an upstream, then a route that names it.")
    first = call("PUT", f"/upstreams/{name}", UPSTREAM)
    expect(first.status_code == 202, "the upstream is asked for, and not live")
    route = {"uri": f"/{name}/*", "upstream_id": name}
    second = call("PUT", f"/routes/{name}", route, X_Change="submit")
    number = second.json()["change"]["number"]
    expect(first.json()["change"]["number"] == number, "both are one change")
    say(f"  {second.json()['change']['message']}")

    say("What APISIX would refuse is refused in its words, and nothing is filed.")
    bad = call("PUT", f"/routes/{name}-2", {"uri": "/x", "upstream_id": f"{name}-9"})
    expect(bad.status_code == 400, bad.json()["error_msg"])

    say("riley approves.")
    riley.approve(number)
    program.wait_for(number, "applied")
    read = call("GET", f"/routes/{name}").json()
    expect(read["value"]["uri"] == f"/{name}/*", "it reads the route back, live")

    say("It cleans up, too; what is still used is not deleted.")
    used = call("DELETE", f"/upstreams/{name}")
    expect("still using it" in used.json()["error_msg"], used.json()["error_msg"])
    call("DELETE", f"/routes/{name}")
    gone = call("DELETE", f"/upstreams/{name}", X_Change="submit")
    number = gone.json()["change"]["number"]
    riley.approve(number)
    program.wait_for(number, "applied")
    answer = call("GET", f"/routes/{name}")
    expect(answer.json() == {"message": "Key not found"}, "it is gone")


if __name__ == "__main__":
    main()
