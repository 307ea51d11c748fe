"""An applied change is undone by a change; later ones stand in its way."""

from desk import Person, Program, expect, say, some


def main() -> None:
    program, riley, name = Program(), Person("riley"), some("undo")
    say("A route and its upstream are made, approved and delivered.")
    made = program.propose(
        "Two to undo",
        {
            "action": "create",
            "kind": "upstream",
            "id": name,
            "document": {"nodes": {"10.0.0.1:8080": 1}},
        },
        {
            "action": "create",
            "kind": "route",
            "id": name,
            "document": {"uri": f"/{name}", "upstream_id": name},
        },
    )
    riley.approve(made)
    program.wait_for(made, "applied")

    say("A later change moves the route.")
    moved = program.propose(
        "Move it",
        {
            "action": "update",
            "kind": "route",
            "id": name,
            "document": {"uri": f"/{name}/new"},
        },
    )
    riley.approve(moved)
    program.wait_for(moved, "applied")

    say("The first cannot be undone under it; the later one can, then the first.")
    reason = {"reason": "To show how it works."}
    refused = program.ask("POST", f"/api/changes/{made}/rollback", json=reason)
    expect(refused.status_code == 409, f"refused: {refused.json()['detail']}")
    for number in (moved, made):
        answer = program.told("POST", f"/api/changes/{number}/rollback", json=reason)
        undoing = answer["change"]["number"]
        say(f"  {answer['message']}")
        riley.approve(undoing)
        program.wait_for(undoing, "applied")
    gone = program.ask("GET", f"/api/routes/{name}")
    expect(gone.status_code == 404, "the route is gone, and after it went its upstream")


if __name__ == "__main__":
    main()
