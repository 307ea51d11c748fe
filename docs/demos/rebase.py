"""The gateway moves under a change that waits: it is told, and joined with what moved."""

from desk import Operator, Person, Program, expect, say, some


def main() -> None:
    program, riley = Program(), Person("riley")
    operator, name = Operator(), some("rebase")
    say("A route is live.")
    operator.send(
        "PUT",
        f"/routes/{name}",
        json={
            "uri": f"/{name}",
            "desc": "first",
            "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:8080": 1}},
        },
    )
    say("alice's program asks for a limit and other words; meanwhile others write too.")
    number = program.propose(
        "Limit it",
        {
            "action": "update",
            "kind": "route",
            "id": name,
            "document": {
                "desc": "limited",
                "plugins": {"limit-count": {"count": 5, "time_window": 60}},
            },
        },
    )
    operator.send("PATCH", f"/routes/{name}", json={"desc": "second", "priority": 7})

    say("Approved all the same, it is not written over what nobody has seen.")
    riley.approve(number)
    program.wait_for(number, "conflicted")
    path = f"/api/changes/{number}/rebase"
    refused = program.ask("POST", path, json={})
    expect(refused.status_code == 409, f"asked to choose: {refused.json()['detail']}")
    program.told("POST", path, json={"choices": {"items.0.desc": "mine"}})

    say("The joined revision is reviewed anew.")
    riley.approve(number)
    program.wait_for(number, "applied")
    live = program.route(name)
    expect(live["priority"] == 7, "theirs is kept where nothing collided")
    expect(live["desc"] == "limited", "ours where alice chose so")
    expect("limit-count" in live["plugins"], "and the limit is there")


if __name__ == "__main__":
    main()
