"""The variables of a gateway: names for the hosts and addresses that are its own. Pure.

Gateways that hold the same resources give the same names other values; see promote.py.
"""

import re
from collections.abc import Mapping
from typing import Any

from gateway.nodes import address_of

Variables = Mapping[str, str]

AT_MOST = 200
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# A name, with a wildcard or not, an IPv4 address, or an IPv6 one in brackets.
HOST = re.compile(
    r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251})|\[[0-9A-Fa-f:.]{2,45}\]"
)
LARGEST_PORT = 65_535


def trouble_with(variables: Any) -> str:
    """Say what is wrong with variables and how to mend it; "" when nothing is."""
    if not isinstance(variables, dict):
        return "Give an object of names and values."
    if len(variables) > AT_MOST:
        return f"Give at most {AT_MOST}."
    for name, value in variables.items():
        if not NAME.fullmatch(name):
            return (
                f"{name[:60]!r} is no name. Use up to 40 small letters, digits and '_', a "
                "letter first."
            )
        if not isinstance(value, str) or not _is_host_or_address(value):
            return (
                f"The value of {name} is no host. Use a host such as shop.example.com, or "
                "host:port such as 10.0.0.7:8080; IPv6 in brackets."
            )
    return ""


def _is_host_or_address(text: str) -> bool:
    host, port = address_of(text)
    return HOST.fullmatch(host) is not None and (
        port is None or 0 < port <= LARGEST_PORT
    )
