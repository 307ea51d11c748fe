"""When a change goes live: not while frozen, and gone again after its time."""

import re
from datetime import UTC, datetime, timedelta

from desk import Person, Program, expect, say, some, until


def main() -> None:
    program, riley, admin = Program(), Person("riley"), Person("admin")
    name, now = some("sale"), datetime.now(UTC)
    say("admin freezes the gateway; a route for one minute is asked for and approved.")
    admin.post(
        "/freezes/",
        page="/freezes/",
        reach="gateway:default",
        reason=f"Demo {name}",
        zone="UTC",
        starts_at=f"{now:%Y-%m-%dT%H:%M}",
        ends_at=f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}",
    )
    number = program.propose(
        "For a minute",
        {
            "action": "create",
            "kind": "route",
            "id": name,
            "document": {
                "uri": f"/{name}",
                "upstream": {"nodes": {"10.0.0.1:8080": 1}},
            },
        },
        expires_after="PT1M",
    )
    riley.approve(number)
    for _ in until("it is told why it waits"):
        told = program.change(number)["change"]["explained"]
        if name in told:
            break
    expect("frozen" in told.lower(), f"approved, it waits: {told}")

    say("The freeze is ended.")
    html = admin.page("/freezes/")
    ends = re.findall(r'action="(/freezes/\d+/end/)"', html)
    for path in ends:
        admin.post(path, page="/freezes/")
    program.wait_for(number, "applied")
    expect(program.route(name), "it is live")
    say(f"  {program.change(number)['change']['explained']}")

    say("After its minute it is taken back: approved with it, and proved by it.")
    for _ in until("it is gone"):
        if program.ask("GET", f"/api/routes/{name}").status_code == 404:
            break
    say(f"  {program.change(number)['change']['explained']}")
    expect(True, "nobody had to remember it")


if __name__ == "__main__":
    main()
