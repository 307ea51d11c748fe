"""Somebody goes past the desk: it is found, undone by a change, and once accepted."""

from typing import Any

from desk import Operator, Person, Program, expect, say, some, until

REASON = "Seen in the demo."


def found(program: Program, name: str) -> dict[str, Any]:
    """Return the open drift of a route, once a scan has found it."""
    path = "/api/gateways/default/drift"
    for _ in until(f"the drift of {name} is found"):
        drifts = program.ask("GET", path).json()["results"]
        for drift in drifts:
            if drift["resource_id"] == name:
                said = "; ".join(one["words"] for one in drift["diff"])
                say(f"  Found: {drift['what']}: {said}")
                one: dict[str, Any] = drift
                return one
    raise AssertionError


def main() -> None:
    program, riley, omar = Program(), Person("riley"), Person("omar")
    operator, name = Operator(), some("drift")
    say("A route is asked for, approved and delivered.")
    upstream = {"nodes": {"10.0.0.1:8080": 1}}
    document = {"uri": f"/{name}", "upstream": upstream}
    number = program.propose(
        "A route to go astray",
        {"action": "create", "kind": "route", "id": name, "document": document},
    )
    riley.approve(number)
    program.wait_for(number, "applied")

    say("Somebody with the admin key opens it to every address below.")
    operator.send("PATCH", f"/routes/{name}", json={"uri": f"/{name}/*"})
    drift = found(program, name)
    expect(drift["what"] == "altered", "it was altered, says the drift")

    say("alice's program may ask to undo it; riley approves that as any change.")
    undo = program.told(
        "POST",
        f"/api/gateways/default/drift/{drift['id']}",
        json={"action": "revert", "reason": REASON},
    )["change"]["number"]
    riley.approve(undo)
    program.wait_for(undo, "applied")
    live = program.route(name)
    expect(live["uri"] == f"/{name}", "what was approved is live again")

    say("It happens again, and this time it is wanted.")
    operator.send("PATCH", f"/routes/{name}", json={"desc": "Kept by hand"})
    drift = found(program, name)
    refused = program.ask(
        "POST",
        f"/api/gateways/default/drift/{drift['id']}",
        json={"action": "adopt", "reason": REASON},
    )
    expect(refused.status_code == 403, "no program may accept it")
    page = f"/gateways/default/drift/{drift['id']}/"
    omar.post(f"{page}adopt/", page=page, reason=REASON)
    states = {
        one["id"]: one["state"]
        for one in program.ask(
            "GET", "/api/gateways/default/drift", params={"state": "all"}
        ).json()["results"]
    }
    expect(states[drift["id"]] == "adopted", "omar, an operator, accepted it")


if __name__ == "__main__":
    main()
