"""Which drifts, and which parts of one, a rule passes over. Pure."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from portal.drift.models import DriftRule

Document = dict[str, Any]


def fitting(
    rules: Iterable[DriftRule], kind: str, resource_id: str, document: Document
) -> list[DriftRule]:
    """Return the rules that are for this resource, whose document this is."""
    return [
        rule
        for rule in rules
        if rule.kind in ("", kind)
        and (not rule.resource_id or fnmatchcase(resource_id, rule.resource_id))
        and (not rule.label or _carries(document, rule.label))
    ]


def _carries(document: Document, label: str) -> bool:
    """Say whether the document has a label, as `name` or `name=value`."""
    labels = document.get("labels")
    if not isinstance(labels, dict):
        return False
    name, is_valued, value = label.partition("=")
    return name in labels and (not is_valued or str(labels[name]) == value)


def passed_over(baseline: Any, live: Any, fields: Sequence[str], at: str = "") -> Any:
    """Return the baseline with all fields of these patterns as they are live.

    A field is named by its dotted path; a pattern that fits an object fits all of it.
    """
    if not isinstance(baseline, dict) or not isinstance(live, dict):
        return baseline
    made: Document = {}
    for name in {**baseline, **live}:
        path = f"{at}.{name}" if at else name
        if any(fnmatchcase(path, field) for field in fields):
            if name in live:
                made[name] = live[name]
        elif name in baseline and name in live:
            made[name] = passed_over(baseline[name], live[name], fields, path)
        elif name in baseline:
            kept = passed_over(baseline[name], {}, fields, path)
            if kept or not baseline[name]:
                made[name] = kept
        elif isinstance(live[name], dict):
            brought = passed_over({}, live[name], fields, path)
            if brought:
                made[name] = brought
    return made
