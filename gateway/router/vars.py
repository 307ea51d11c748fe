"""Conditions over variables: the small language of a route's `vars`.

A condition is a JSON array such as `[["arg_v", "==", "2"], ["http_x", "!", "~~", "^a"]]`
or `["OR", ["uri", "==", "/a"], ["host", "in", ["a.org"]]]`, nested at will. Facts from
https://github.com/api7/lua-resty-expr and its tests; plugins use the same language.
Values keep Lua's rules: a string never equals a number, unless the condition's right
side is a number, which turns the left one into a number first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Self, TypeAlias

import regex

from gateway.patterns import search

# What a variable holds: None is Lua's nil, True an argument without a value.
Value: TypeAlias = Any
Lookup: TypeAlias = Callable[[str], Value]
Condition: TypeAlias = Callable[[Lookup], bool]

_NUMBER = regex.compile(
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?0[xX][0-9a-fA-F]+)\s*"
)


class InvalidVars(ValueError):
    """A condition that APISIX would refuse to compile."""


class AddressSet:
    """Some addresses and networks, IPv4 and IPv6, to ask whether they hold an address.

    Raises ValueError for a text that is neither an address nor a network.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
        for text in texts:
            read = network(text)
            masks = self._networks[read.version]
            masks.setdefault(read.prefixlen, set()).add(
                int(read.network_address) >> (read.max_prefixlen - read.prefixlen)
            )

    def __contains__(self, text: object) -> bool:
        try:
            address = ip_address(_bare(str(text)))
        except ValueError:
            return False
        number, bits = int(address), address.max_prefixlen
        return any(
            number >> (bits - length) in starts
            for length, starts in self._networks[address.version].items()
        )


def network(text: str) -> IPv4Network | IPv6Network:
    """Read an address or a network. Raises ValueError."""
    address, slash, length = text.partition("/")
    return ip_network(f"{_bare(address)}{slash}{length}", strict=False)


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def compile_vars(rule: Any) -> Condition:
    """Return a function that evaluates this condition against a variable lookup.

    An empty rule is always true. Raises InvalidVars, in APISIX's words.
    """
    if not isinstance(rule, list) or not rule:
        return lambda lookup: True
    if not isinstance(rule[0], list) and str(rule[0]).upper() not in _LOGIC:
        raise InvalidVars("rule should be wrapped inside brackets")
    return _compile(rule)


def _compile(rule: Any) -> Condition:
    if not isinstance(rule, list) or not rule:
        raise InvalidVars("rule too short")
    if isinstance(rule[0], list):
        return _every([_compile(part) for part in rule])
    logic = _LOGIC.get(str(rule[0]).upper())
    if logic is None:
        return _comparison(rule)
    if len(rule) < 3:
        raise InvalidVars("rule too short")
    return logic([_compile(part) for part in rule[1:]])


def _every(parts: Sequence[Condition]) -> Condition:
    return lambda lookup: all(part(lookup) for part in parts)


def _some(parts: Sequence[Condition]) -> Condition:
    return lambda lookup: any(part(lookup) for part in parts)


def _not_every(parts: Sequence[Condition]) -> Condition:
    return lambda lookup: not all(part(lookup) for part in parts)


def _none(parts: Sequence[Condition]) -> Condition:
    return lambda lookup: not any(part(lookup) for part in parts)


_LOGIC = {"AND": _every, "OR": _some, "!AND": _not_every, "!OR": _none}


@dataclass(frozen=True)
class Comparison:
    """One comparison of a variable: `negated` is the `!` before the operator."""

    name: str
    operator: str
    operand: Any
    negated: bool = False

    @classmethod
    def read(cls, rule: list[Any]) -> Self:
        """Read `[variable, operator, value]`. Raises InvalidVars, in APISIX's words."""
        negated = len(rule) == 4
        if negated and rule[1] != "!":
            raise InvalidVars("bad 'not' expression")
        name, operator, *rest = [rule[0], *rule[2:]] if negated else [*rule, None][:3]
        operand = rest[0] if rest else None
        if not isinstance(name, str):
            raise InvalidVars("invalid expression")
        operator = operator.lower() if isinstance(operator, str) else operator
        is_known = isinstance(operator, str) and operator in _OPERATORS
        if len(rule) == 2 and not is_known:
            # `[variable, value]` is an old form of `[variable, "==", value]`.
            operator, operand, is_known = "==", rule[1], True
        if operator is None:
            raise InvalidVars("invalid expression")
        if not is_known:
            raise InvalidVars(f"invalid operator '{operator}'")
        return cls(name, operator, operand, negated)


def _comparison(rule: list[Any]) -> Condition:
    read = Comparison.read(rule)
    name, negated, operand = read.name, read.negated, read.operand
    if read.operator == "ipmatch":
        operand = _addresses(operand)
    compare = _OPERATORS[read.operator]
    return lambda lookup: compare(lookup(name), operand) is not negated


def _addresses(operand: Any) -> AddressSet:
    texts = operand if isinstance(operand, list) else [operand]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise InvalidVars("invalid ip address")
    try:
        return AddressSet(texts)
    except ValueError as error:
        raise InvalidVars(f"invalid ip address: {texts[0]}") from error


def number(value: Value) -> float | int | None:
    """Return what Lua's tonumber makes of a value; None when it is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    text = found[1]
    return int(text, 16) if "x" in text.lower() else float(text)


def _same(left: Value, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return type(left) in _COMPARABLE.get(type(right), ()) and bool(left == right)


_COMPARABLE: dict[type, tuple[type, ...]] = {
    str: (str,),
    int: (int, float),
    float: (int, float),
    type(None): (type(None),),
}


def _equal(left: Value, right: Any) -> bool:
    if isinstance(right, int | float) and not isinstance(right, bool):
        left = number(left)
    return _same(left, right)


def _ordered(order: Callable[[float, float], bool]) -> Callable[[Value, Any], bool]:
    def compare(left: Value, right: Any) -> bool:
        a, b = number(left), number(right)
        return a is not None and b is not None and order(a, b)

    return compare


def _found(flags: int) -> Callable[[Value, Any], bool]:
    def compare(left: Value, right: Any) -> bool:
        if left is None or left is False:
            return False
        return search(str(right), _text(left), flags) is not None

    return compare


def _text(value: Value) -> str:
    return "true" if value is True else str(value)


def _holds(items: Any, item: Any) -> bool:
    return isinstance(items, list | tuple) and any(_same(item, one) for one in items)


_OPERATORS: dict[str, Callable[[Value, Any], bool]] = {
    "==": _equal,
    "~=": lambda left, right: not _equal(left, right),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    "~~": _found(0),
    "~*": _found(regex.IGNORECASE),
    "in": lambda left, right: _holds(right, left),
    "has": _holds,
    "ipmatch": lambda left, right: left is not None and left in right,
}
