"""What answers a request, now and after a change that nobody has approved yet."""

from desk import Program, expect, say, some


def main() -> None:
    program, name = Program(), some("shop")
    address = f"http://{name}.example.com/cart"
    say("A route for the whole shop is asked for, with a limit on its cart.")
    number = program.propose(
        "Open the shop",
        {
            "action": "create",
            "kind": "route",
            "id": name,
            "document": {
                "hosts": [f"{name}.example.com"],
                "uri": "/*",
                "upstream": {"nodes": {"10.0.0.1:8080": 1}},
                "plugins": {
                    "limit-count": {"count": 5, "time_window": 60},
                    "key-auth": {},
                },
            },
        },
    )
    say(f"GET {address}: now, and after change #{number}?")
    told = program.told(
        "POST",
        "/api/simulate",
        json={"request": {"method": "GET", "url": address}, "change": number},
    )
    expect(told["now"] is None, "nothing answers now")
    after = told["after"]
    expect(after["route"]["id"] == name, f"then route {name} answers")
    plugins = [one["name"] for one in after["plugins"]]
    expect(plugins == ["key-auth", "limit-count"], f"plugins in order: {plugins}")


if __name__ == "__main__":
    main()
