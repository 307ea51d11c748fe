"""What a route's `vars` ask for: their parts, and values that could satisfy them. Pure.

The values are only proposed here: whoever uses one lets the matcher confirm it. Those
of a variable include every constant it is compared with, a number on each side of it,
none at all, and one that no comparison names; so conditions that exclude each other by
`==`, `in` or order are told from those that do not.
"""

import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from typing import Any

from gateway.redaction import REDACTED
from gateway.router.request import is_of_request
from gateway.router.vars import Comparison, InvalidVars, network, number

# Beyond it (and for infinity) there is nothing between two numbers that floats tell apart.
LARGEST = 2**53
LOGIC = frozenset({"AND", "OR", "!AND", "!OR"})


def conjuncts(rule: Any) -> list[Any]:
    """Return the conditions that must all hold. Raises InvalidVars."""
    if not isinstance(rule, list) or not rule:
        return []
    if isinstance(rule[0], list):
        parts = rule
    elif str(rule[0]).upper() == "AND":
        parts = rule[1:]
    else:
        return [rule]
    return [one for part in parts for one in conjuncts(part)]


def comparisons(rule: Any) -> Iterator[Comparison]:
    """Yield every comparison in a condition. Raises InvalidVars."""
    if not isinstance(rule, list) or not rule:
        raise InvalidVars("rule too short")
    if isinstance(rule[0], list) or str(rule[0]).upper() in LOGIC:
        for part in rule:
            if isinstance(part, list):
                yield from comparisons(part)
    else:
        yield Comparison.read(rule)


def is_decided(comparison: Comparison) -> bool:
    """Say whether a request alone decides it, as far as it is known here.

    Of a redacted secret it is known what equals it, and nothing else.
    """
    is_equality = comparison.operator in {"==", "~=", "in"}
    return is_of_request(comparison.name) and (
        is_equality or REDACTED.search(json.dumps(comparison.operand)) is None
    )


def same(condition: Any, other: Any) -> bool:
    """Say whether two conditions are written alike (in Python alone, 1 equals True)."""
    return json.dumps(condition) == json.dumps(other)


def pinned(conditions: Iterable[Any]) -> dict[str, list[str]]:
    """Return {variable: the only texts it may hold}, of conditions that all hold."""
    found: dict[str, list[str]] = {}
    for condition in conditions:
        one, *more = comparisons(condition)
        if more or one.negated or str(condition[0]).upper() in LOGIC:
            continue
        listed = one.operand if isinstance(one.operand, list) else []
        texts = {"==": [one.operand], "in": listed}.get(one.operator)
        if texts and all(_is_known(text) for text in texts):
            found.setdefault(one.name, texts)
    return found


def _is_known(text: object) -> bool:
    return isinstance(text, str) and REDACTED.search(text) is None


def candidates(asked: Iterable[Comparison]) -> list[Any]:
    """Return values to try for one variable: None is none, True one without a value."""
    found: list[Any] = [None]
    numbers: set[float] = set()
    for one in asked:
        operand = one.operand
        for value in operand if isinstance(operand, list) else [operand]:
            if one.operator in {"~~", "~*"}:
                found += samples(str(value))
            elif one.operator == "ipmatch":
                found += [address_in(network(str(value)))]
            elif one.operator in {"==", "~=", "in"} and isinstance(value, str | bool):
                found.append(value)
            read = number(value)
            if read is not None and abs(read) < LARGEST:
                numbers.add(read)
    found += [_text(value) for value in _around(sorted(numbers))]
    new = "any"
    while new in found:
        new += "x"
    return [*dict.fromkeys(found), new]


def _around(numbers: list[float]) -> list[float]:
    """Return these numbers, one between each two, one below and one above them all."""
    if not numbers:
        return []
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    return sorted([numbers[0] - 1, *numbers, *between, numbers[-1] + 1])


def _text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def address_in(addresses: IPv4Network | IPv6Network) -> str:
    """Return one address of a network: the first that a host may have."""
    return str(addresses[min(1, addresses.num_addresses - 1)])


# One piece of a regular expression: a class, an escape, or a character; then how often.
PIECE = re.compile(
    r"(?P<set>\[\^?\]?[^\]]*\])|\\(?P<escape>.)|(?P<any>\.)|(?P<plain>[^()^$|])"
)
OFTEN = re.compile(r"[*+?]|\{(\d+)[,\d]*\}")
# In a group, only what stands before the first bar.
CHOICE = re.compile(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")
ESCAPES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "b": ""}


def samples(pattern: str) -> list[str]:
    """Return a text that a plain regular expression finds, if this can tell: at most one."""
    while (shorter := CHOICE.sub(r"\1", pattern)) != pattern:
        pattern = shorter
    text, at = "", 0
    while at < len(pattern):
        piece = PIECE.match(pattern, at)
        if piece is None:
            if pattern[at] not in "^$":
                break
            at += 1
            continue
        at = piece.end()
        times = 1
        if often := OFTEN.match(pattern, at):
            at = often.end()
            times = min(int(often[1] or 1), 100)
        text += _one_of(piece) * times
    return [text]


def _one_of(piece: re.Match[str]) -> str:
    if piece["plain"]:
        return piece["plain"]
    if piece["escape"]:
        return ESCAPES.get(piece["escape"], piece["escape"])
    first = (piece["set"] or "[^")[1:2]
    if first == "^":
        return "a"
    inside = piece["set"][1:]
    return ESCAPES.get(inside[1], inside[1]) if first == "\\" else first
