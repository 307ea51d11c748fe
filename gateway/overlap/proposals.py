"""Requests that one or two routes could let in, for the matcher to confirm. Pure.

Host, path, method, address and every variable that a condition names get the values
that each condition on that variable alone accepts; their combinations are proposed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from itertools import islice, product, zip_longest
from typing import Any

from gateway.overlap.conditions import Conditions, fits
from gateway.overlap.example import ANY_ADDRESS, Example
from gateway.overlap.index import Entrance
from gateway.overlap.vars import address_in, candidates, comparisons
from gateway.patterns import hurry
from gateway.router.match import Mode
from gateway.router.request import host_name
from gateway.router.vars import AddressSet, Comparison, compile_vars

# For hosts and parameters that may be anything (RFC 2606).
ANY_HOST, ANY = "any.example", "any"
COMBINATIONS = 256
METHODS = (
    *("GET", "POST", "PUT", "DELETE", "PATCH"),
    *("HEAD", "OPTIONS", "CONNECT", "TRACE", "PURGE"),
)
# What the sender of a request decides, besides what has one of the prefixes.
OWN_NAMES = {
    "uri": "uri",
    "document_uri": "uri",
    "request_uri": "uri",
    "host": "host",
    "http_host": "host",
    "method": "request_method",
    "request_method": "request_method",
    "remote_addr": "remote_addr",
    "scheme": "scheme",
    "server_port": "server_port",
    "content_type": "http_content_type",
}
WITH_PREFIX = ("arg_", "http_", "cookie_", "post_arg_")
NOT_FREE = frozenset({"http_cookie", "http_content_length"})
# These hold more than the variable they stand for here: the whole request tells.
WHOLE = frozenset({"request_uri", "http_host"})

Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Way:
    """One way into a route, with all that the route asks."""

    entrance: Entrance
    conditions: Conditions


def proposals(*ways: Way, mode: Mode) -> Iterator[Example]:
    """Yield requests that may get in by all of these ways, the plainest first.

    There are none for conditions on what the sender of a request does not decide.
    Raises TooSlow.
    """
    hurry()
    asked: dict[str, list[Comparison]] = defaultdict(list)
    for way in ways:
        if not way.conditions.is_decided:
            return
        for one in way.conditions.comparisons:
            name = _variable(one.name)
            if name is None:
                return
            asked[name].append(one)
    named = {name: candidates(ones) for name, ones in asked.items()}
    own = {
        "scheme": [*named.pop("scheme", []), "http", "https"],
        "server_port": [*named.pop("server_port", []), ""],
        "remote_addr": _addresses(ways, named.pop("remote_addr", [])),
        "host": [*_hosts(ways), *named.pop("host", [])],
        "request_method": _methods(ways, named.pop("request_method", [])),
        "uri": _paths(ways, named.pop("uri", []), mode),
    }
    tests = _tests(ways, mode)
    values = {
        name: [
            value
            for value in dict.fromkeys(proposed)
            if _can_be_sent(name, value) and all(test(value) for test in tests[name])
        ]
        for name, proposed in {**named, **own}.items()
    }
    for chosen in islice(product(*values.values()), COMBINATIONS):
        hurry()
        yield Example.of(dict(zip(values, chosen, strict=True)))


def _variable(name: str) -> str | None:
    """Return the name of what a sender decides; None of what they do not."""
    if name in OWN_NAMES:
        return OWN_NAMES[name]
    prefix = next((one for one in WITH_PREFIX if name.startswith(one)), None)
    if prefix is None or name == prefix:
        return None
    if prefix == "http_":
        name = name.lower().replace("-", "_")
    return None if name in NOT_FREE else name


def _tests(ways: Iterable[Way], mode: Mode) -> dict[str, list[Test]]:
    """Return what each variable must pass: {variable: […]}."""
    found: dict[str, list[Test]] = defaultdict(list)
    for way in ways:
        found["host"].append(partial(_fits_host, way.entrance.host))
        found["uri"].append(partial(fits, way.entrance, mode=mode))
        for part in way.conditions.conjuncts:
            names = {one.name for one in comparisons(part)}
            if len(names) == 1 and not names & WHOLE:
                (raw,) = names
                found[_variable(raw) or ""].append(_test(raw, part))
    return found


def _test(raw: str, condition: Any) -> Test:
    holds = compile_vars([condition])
    see: Callable[[Any], Any] = {
        "host": host_name,
        "server_port": lambda port: port or "80",
        "content_type": lambda value: value or "",
    }.get(raw, lambda value: value)
    return lambda value: holds({raw: see(value)}.get)


def _can_be_sent(name: str, value: Any) -> bool:
    if value is None:
        return name.startswith(WITH_PREFIX) or name == "remote_addr"
    if value is True:
        return name.startswith("arg_")
    if name == "scheme":
        return value in {"http", "https"}
    if name == "server_port":
        return not value or (value.isdecimal() and 0 < int(value) < 65536)
    if name == "remote_addr":
        return _is_address(value)
    # `==` may name a truth value, which nobody can send.
    is_text = isinstance(value, str)
    return is_text and value.isprintable() and value == value.strip()


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _hosts(ways: Sequence[Way]) -> list[str]:
    patterns = [way.entrance.host for way in ways if way.entrance.host]
    # The longer of two wildcards is the narrower one.
    patterns.sort(key=len, reverse=True)
    found = [pattern.replace("*", ANY, 1) for pattern in patterns if pattern != "*"]
    return [*found, ANY_HOST]


def _fits_host(pattern: str | None, host: str) -> bool:
    if pattern is None:
        return True
    given = host.lower() if ":" in pattern else host_name(host)
    return given.endswith(pattern[1:]) if pattern[0] == "*" else given == pattern


def _paths(ways: Sequence[Way], named: Iterable[Any], mode: Mode) -> list[str]:
    entrances = [way.entrance for way in ways]
    entrances.sort(key=lambda one: len(one.place), reverse=True)
    found = [_merged(entrances[0], entrances[-1], mode)]
    for entrance in entrances:
        found += _filled(entrance)
    below = entrances[0].place.rstrip("/")
    for text in (str(one).partition("?")[0] for one in named):
        found += [text, f"{below}/{text.removeprefix('/')}", f"{below}{text}"]
    return [path for path in found if path.startswith("/")]


def _filled(entrance: Entrance) -> list[str]:
    """Return paths for one URI: something, or nothing, for each parameter."""
    place = entrance.place
    if entrance.is_exact:
        return [place]
    first, *parts = entrance.uri[len(place) :].split("/")
    rest = "".join(f"/{ANY if part[:1] in {':', '*'} else part}" for part in parts)
    tails = [ANY, "", f"{ANY}/{ANY}"] if place.endswith("/") else ["", f"/{ANY}", ANY]
    return [f"{place}{tail if first else ''}{rest}" for tail in tails]


def _merged(one: Entrance, other: Entrance, mode: Mode) -> str:
    """Return a path for two URIs: piece by piece, the one that is not a parameter."""
    wild = {":", "*"} if mode is Mode.URI_WITH_PARAMETER else {"*"}
    ours, theirs = one.uri.split("/"), other.uri.split("/")
    found: list[str] = []
    for index, pair in enumerate(zip_longest(ours, theirs)):
        for part, rest in zip(pair, (theirs, ours), strict=True):
            if part is not None and "*" in part:
                begun = part.partition("*")[0]
                for more in rest[index:]:
                    found.append(begun or ANY if more[:1] in wild else more)
                    begun = ""
                return "/".join(found).replace("*", "")
        fixed = [part for part in pair if part is not None and part[:1] not in wild]
        found.append(fixed[0] if fixed else ANY)
    return "/".join(found)


def _methods(ways: Iterable[Way], named: list[Any]) -> list[str]:
    asked = [one for way in ways if (one := way.conditions.methods) is not None]
    proposed = [*METHODS, *(one for one in named if one and not asked)]
    return [one for one in proposed if all(one in methods for methods in asked)]


def _addresses(ways: Iterable[Way], named: list[Any]) -> list[str | None]:
    asked = [one for way in ways if (one := way.conditions.networks) is not None]
    if not asked and not named:
        return [None]
    # The narrower network first: its address is in the wider one too.
    networks = sorted(
        (network for networks in asked for network in networks),
        key=lambda network: network.prefixlen,
        reverse=True,
    )
    found = [*map(address_in, networks), *named, ANY_ADDRESS]
    sets = [AddressSet(map(str, networks)) for networks in asked]
    return [one for one in found if one and all(one in held for held in sets)]
