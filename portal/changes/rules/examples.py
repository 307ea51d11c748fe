"""Rules to begin with: what teams ask of their reviewers most often."""

from collections.abc import Iterable

from portal.changes.rules.rule import Rule, rules_of

EXAMPLES = tuple(
    rules_of(
        [
            {
                "name": "Two on production",
                "when": {"environments": ["production"]},
                "needs": [{"approvals": 2}],
            },
            {
                "name": "Security sees what opens a door",
                "when": {
                    "findings": [
                        "auth_removed",
                        "auth_missing",
                        "protection_disabled",
                        "restriction_removed",
                        "catch_all",
                        "runs_code",
                    ]
                },
                "needs": [{"approvals": 1, "groups": ["security"]}],
            },
            {
                "name": "Owners agree",
                "needs": [{"approvals": 1, "owners": True}],
            },
            {
                "name": "Two when it is large",
                "when": {"items_at_least": 50},
                "needs": [{"approvals": 2}],
            },
            {
                "name": "Fresh eyes for what is promoted or taken back",
                "when": {"channels": ["promotion", "rollback"]},
                "last_editor_counts": False,
            },
            {
                "name": "A single route on development passes",
                "when": {
                    "environments": ["development"],
                    "channels": ["portal"],
                    "kinds": ["route"],
                    "actions": ["create", "update"],
                    "items_at_most": 1,
                },
                "no_approval": True,
            },
        ]
    )
)


def examples_beside(rules: Iterable[Rule]) -> list[Rule]:
    """Return the examples whose names these rules do not have."""
    names = {rule.name for rule in rules}
    return [one for one in EXAMPLES if one.name not in names]
