"""A gateway as a file, and a file as a change; what would go is said before it goes."""

from desk import Person, Program, expect, say, some


def main() -> None:
    program, riley, name = Program(), Person("riley"), some("file")
    path = "/api/gateways/default"
    say("alice's program asks for what a file says, in the form of apisix.yaml.")
    source = f"""
routes:
- id: {name}
  uri: /{name}
  upstream_id: {name}
upstreams:
- id: {name}
  type: roundrobin
  nodes: {{"10.0.0.1:8080": 1}}
#END
"""
    answer = program.told(
        "POST",
        f"{path}/import",
        files={"file": ("apisix.yaml", source)},
        data={"format": "apisix", "reason": "To show how it works."},
    )
    number = answer["change"]["number"]
    say(f"  {answer['message']}")
    riley.approve(number)
    program.wait_for(number, "applied")

    say("The gateway as three kinds of file, read now.")
    for kind in ("apisix", "adc", "backup"):
        file = program.ask(
            "GET",
            f"{path}/export",
            params={"format": kind}
            | ({"secrets": "left_out"} if kind == "backup" else {}),
        )
        expect(name in file.text, f"{kind}: {len(file.content):,} bytes, with {name}")

    say("The same file again asks for nothing.")
    again = program.ask(
        "POST",
        f"{path}/import",
        files={"file": ("apisix.yaml", source)},
        data={"format": "apisix", "reason": "Once more."},
    )
    expect(again.json()["code"] == "nothing_to_change", again.json()["detail"])


if __name__ == "__main__":
    main()
