"""Rules and needs as sentences. Pure."""

from portal.changes.rules.rule import Need, Rule, When

NOUNS = {
    "gateways": ("gateway", "is"),
    "environments": ("environment", "is"),
    "channels": ("channel", "is"),
    "kinds": ("kind", "is"),
    "actions": ("action", "is"),
    "hosts": ("host", "is"),
    "uris": ("address", "begins with"),
    "labels": ("label", "is"),
    "plugins": ("plugin touched", "is"),
    "findings": ("finding", "is"),
}


def either(values: tuple[str, ...]) -> str:
    """Return `a, b or c`."""
    *first, last = values
    return f"{', '.join(first)} or {last}" if first else last


def need_words(need: Need) -> str:
    """Return `2 approvals from group security or network`."""
    many = "approval" if need.approvals == 1 else "approvals"
    return f"{need.approvals} {many} from {whose(need)}"


def whose(need: Need) -> str:
    """Return by whom: `any reviewer`, `group security`, …"""
    if need.owners:
        owners = "each group whose part it touches"
        if not need.groups:
            return owners
        return f"{owners}, or group {either(need.groups)} for what nobody owns"
    if not need.groups:
        return "any reviewer"
    group = f"group {either(need.groups)}"
    return f"{group} for {need.owned}" if need.owned else group


def rule_words(rule: Rule) -> str:
    """Say in one sentence what the rule means."""
    parts = []
    if rule.no_approval:
        parts.append("no approval is needed")
        parts.append(
            "even where a warning stands"
            if rule.despite_warnings
            else "unless a warning stands"
        )
    if rule.needs:
        parts.append(f"{' and '.join(map(need_words, rule.needs))} needed")
    if not rule.last_editor_counts:
        parts.append(
            "whoever wrote the change that it promotes, reverts or replaces does not count"
        )
    return f"{_when_words(rule.when, whole=rule.no_approval)}: {', '.join(parts)}."


def _when_words(when: When, *, whole: bool) -> str:
    parts = [
        f"the {NOUNS[name][0]} {NOUNS[name][1]} {either(values)}"
        for name, values in when.lists.items()
    ]
    if when.items_at_least:
        parts.append(f"it has {when.items_at_least} items or more")
    if when.items_at_most:
        most = when.items_at_most
        parts.append(f"it has {most} items or fewer" if most > 1 else "it has one item")
    if not parts:
        return "Always"
    begin = "When of all of its items" if whole else "When"
    return f"{begin} {' and '.join(parts)}"
