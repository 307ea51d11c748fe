"""A recipe on a route: shown in words first, then asked for and seen by a caller."""

import requests
from desk import GATEWAY, SECONDS, Person, Program, expect, say, some


def main() -> None:
    program, riley, name = Program(), Person("riley"), some("recipe")
    cors = {"allow_origins": "https://shop.example.com"}
    say("A route that everybody may call.")
    number = program.propose(
        "Open the demo",
        {
            "action": "create",
            "kind": "route",
            "id": name,
            "document": {
                "uri": f"/{name}/*",
                "upstream": {"nodes": {"127.0.0.1:9": 1}},
                "plugins": {"cors": cors},
            },
        },
    )
    riley.approve(number)
    program.wait_for(number, "applied")

    say("What is there to choose? Each recipe tells the schema of its settings.")
    told = program.told("GET", "/api/recipes?gateway=default")
    say(f"  {', '.join(one['name'] for one in told['results'])}")

    say("What would restrict-addresses do?")
    address = f"/api/routes/{name}/recipes/restrict-addresses"
    settings = {
        "who": "deny",
        "addresses": ["127.0.0.0/8"],
        "message": "Not from here.",
    }
    body = {"settings": settings, "reason": "To show how it works."}
    shown = program.told("POST", address, json=body | {"preview": True})
    for words in shown["explained"]["sets"] + shown["explained"]["then"]:
        say(f"  {words}")
    expect(shown["accepted"], "it would be accepted; nothing is stored")

    say("Ask for it, and let riley agree.")
    filed = program.told("POST", address, json=body)["change"]["number"]
    riley.approve(filed)
    program.wait_for(filed, "applied")
    answer = requests.get(f"{GATEWAY}/{name}/1", timeout=SECONDS)
    expect(answer.status_code == 403, f"this machine is refused: {answer.text.strip()}")
    plugins = program.route(name)["plugins"]
    expect(plugins["cors"] == cors, "and what the route had is still there")

    say("Asked for once more there is nothing to change; a mistake is named.")
    again = program.ask("POST", address, json=body | {"reason": "Once more."})
    expect(again.json()["code"] == "nothing_to_change", again.json()["detail"])
    wrong = program.ask("POST", address, json=body | {"settings": {"addresses": [1]}})
    expect(wrong.json()["field"] == "settings.addresses.0", wrong.json()["detail"])


if __name__ == "__main__":
    main()
