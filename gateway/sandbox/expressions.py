"""Whether APISIX would accept an expression (`vars`, `filter`, `case`).

Rules of https://github.com/api7/lua-resty-expr: a list of comparisons, or a logical
operator followed by such. How an expression is evaluated is the router's business.
"""

import re
from typing import Any

OPERATORS = frozenset(
    {"==", "~=", ">", ">=", "<", "<=", "~~", "~*", "in", "has", "ipmatch"}
)
LOGICAL = frozenset({"OR", "!OR", "AND", "!AND"})
_BODY_PATH = "post_arg."


def failure(rule: Any) -> str | None:
    """Return what is wrong with an expression in APISIX's words, or None."""
    if not isinstance(rule, list) or not rule:
        return None
    first = rule[0]
    if not isinstance(first, list | dict) and str(first).upper() not in LOGICAL:
        return "rule should be wrapped inside brackets"
    return _rules(rule)


def _rules(rules: Any) -> str | None:
    if not isinstance(rules, list) or not rules:
        return "rule too short"
    first = rules[0]
    if isinstance(first, list | dict):
        return _first_failure(rules)
    if str(first).upper() in LOGICAL:
        return "rule too short" if len(rules) <= 2 else _first_failure(rules[1:])
    return _comparison(rules)


def _first_failure(rules: list[Any]) -> str | None:
    for rule in rules:
        wrong = _rules(rule)
        if wrong is not None:
            return wrong
    return None


def _comparison(rule: list[Any]) -> str | None:
    if len(rule) == 4:
        if rule[1] != "!":
            return "bad 'not' expression"
        rule = [rule[0], *rule[2:]]
    operator = str(rule[1]).lower() if len(rule) > 1 else None
    if len(rule) < 3 and operator not in OPERATORS:
        # The short form [name, value] compares for equality.
        return None if operator is not None else "invalid expression"
    if operator not in OPERATORS:
        return f"invalid operator '{operator}'"
    return _body_path(rule[0])


def _body_path(name: Any) -> str | None:
    """Check a JSONPath into the request's body: brackets must close and hold something."""
    if not isinstance(name, str) or not name.startswith(_BODY_PATH):
        return None
    # One letter too many goes before the path is read, and its words show that.
    path = name[len(_BODY_PATH) + 1 :]
    bad = re.search(r"\[(?![^\[\]]+\])|(?<![\w*\]])\]", path)
    if bad is None:
        return None
    return f'invalid expression "$.{path}" near "{path[bad.start() :]}"'
