"""Rules of this desk for names and labels; none unless the settings say so."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from gateway.words import quoted
from portal.changes.checks.parts import named, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

NAME_RULE = Code(
    "name_rule",
    Severity.BLOCKER,
    gettext_noop("A new name does not match NAME_PATTERN; off unless that is set."),
)
LABEL_MISSING = Code(
    "label_missing",
    Severity.BLOCKER,
    gettext_noop(
        "A label of REQUIRED_LABELS is missing, or goes away; off unless that is set."
    ),
)


def name_rule(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Names that were there before the rule stay as they are."""
    pattern = settings.NAME_PATTERN
    if pattern is None:
        return
    for index, item, wanted in written(plan):
        name = wanted.get("name")
        if not isinstance(name, str) or name == (item.base or {}).get("name"):
            continue
        if not pattern.fullmatch(name):
            yield NAME_RULE.finding(
                index,
                f"{quoted(name)} does not match this desk's rule for names.",
                f"Give a name that matches {pattern.pattern}",
                path="name",
            )


def label_missing(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Required of what is new, and kept by what has them."""
    for index, item, wanted in written(plan):
        if "labels" not in _properties(schemas, item.kind.name):
            continue
        has, had = _labels(wanted), _labels(item.base)
        missing = [
            name
            for name in settings.REQUIRED_LABELS
            if name not in has and (item.base is None or name in had)
        ]
        if missing:
            yield LABEL_MISSING.finding(
                index,
                f"This desk requires the label {named(missing)}.",
                f"Add labels.{missing[0]} with a value that says which.",
                path="labels",
            )


def _properties(schemas: Schemas, kind: str) -> Document:
    """Return the fields that the gateway knows of a kind."""
    properties = (schemas.kinds.get(kind) or {}).get("properties")
    return properties if isinstance(properties, dict) else {}


def _labels(document: Document | None) -> Document:
    labels = (document or {}).get("labels")
    return labels if isinstance(labels, dict) else {}


SUBJECT = Subject(
    title=gettext_noop("Rules of this desk"),
    matters=gettext_noop(
        "The people who run this desk agreed on it for every gateway."
    ),
    checks=(name_rule, label_missing),
    codes=(NAME_RULE, LABEL_MISSING),
)
