"""One change of a thousand items: filed at once, delivered in order, watched meanwhile."""

from desk import Person, Program, expect, say, some


def main() -> None:
    program, riley, name = Program(), Person("riley"), some("many")
    say("alice's program asks for 20 upstreams, and 980 routes that name them.")
    upstreams = [
        {
            "action": "create",
            "kind": "upstream",
            "id": f"{name}-{n}",
            "document": {"nodes": {f"10.0.0.{n + 1}:8080": 1}},
        }
        for n in range(20)
    ]
    routes = [
        {
            "action": "create",
            "kind": "route",
            "id": f"{name}-{n}",
            "document": {"uri": f"/{name}/{n}", "upstream_id": f"{name}-{n % 20}"},
        }
        for n in range(980)
    ]
    # The order of the request does not matter: what is referred to goes out first.
    number = program.propose("A thousand at once", *routes, *upstreams)
    say("riley reads the counted summary and approves; the worker tells how far it is.")
    riley.approve(number)
    program.wait_for(number, "applied")
    expect(
        program.route(f"{name}-979")["upstream_id"] == f"{name}-19",
        "the last route is live",
    )


if __name__ == "__main__":
    main()
