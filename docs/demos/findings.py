"""What a reviewer would miss: who else answers, what lies open, what is written in clear."""

from desk import Program, expect, say, some


def main() -> None:
    program, name = Program(), some("find")
    host = f"{name}.example.com"
    upstream = {"nodes": {"169.254.169.254:80": 1}}
    say("Two routes for one host; the second can never answer. Nothing is stored.")
    answer = program.told(
        "POST",
        "/api/changes/preview",
        json={
            "items": [
                {
                    "action": "create",
                    "kind": "route",
                    "id": f"{name}-all",
                    "document": {
                        "host": host,
                        "uri": "/*",
                        "priority": 10,
                        "upstream": upstream,
                        "plugins": {
                            "cors": {
                                "allow_origins": "https://a.example",
                                "allow_credential": True,
                            }
                        },
                    },
                },
                {
                    "action": "create",
                    "kind": "route",
                    "id": f"{name}-cart",
                    "document": {"host": host, "uri": "/*", "upstream": upstream},
                },
            ]
        },
    )
    for finding in answer["findings"]:
        say(f"  {finding['severity']}: {finding['code']}: {finding['words']}")
    found = {one["code"] for one in answer["findings"]}
    expect("route_unreachable" in found, "the second is told to be unreachable")
    expect("destination_metadata" in found, "the cloud's metadata service is named")
    expect("auth_missing" in found, "and that nobody is asked who calls")


if __name__ == "__main__":
    main()
