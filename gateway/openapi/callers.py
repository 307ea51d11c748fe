"""What a gateway really asks of its callers, as security schemes.

Every authentication plugin that runs must be content, so their ways are combined; a
plugin that is switched off asks for nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from gateway.canonical import canonical
from gateway.openapi.shapes import Document

# (plugin, settings) of each that is in effect: the route's and those of global rules.
Uses = Iterable[tuple[str, Any]]
Alternative = dict[str, Document]

# They ask callers for something that OpenAPI has no word for.
UNSAID = frozenset(
    {
        *("forward-auth", "opa", "authz-casbin", "authz-casdoor", "authz-keycloak"),
        *("cas-auth", "saml-auth", "dingtalk-auth", "feishu-auth", "jwe-decrypt"),
    }
)
WAYS_LIMIT = 20


@dataclass(frozen=True)
class Enforced:
    """A requirement with its schemes by name; `unsaid` names what has no words."""

    requirement: list[dict[str, list[str]]]
    schemes: dict[str, Document]
    unsaid: tuple[str, ...] = ()

    def same(self, other: "Enforced") -> bool:
        """Say whether both ask for the same."""
        return canonical([self.requirement, self.schemes]) == canonical(
            [other.requirement, other.schemes]
        )


def enforced_by(uses: Uses) -> Enforced:
    """Return what these plugins ask for together."""
    each: list[list[Alternative]] = []
    unsaid: dict[str, None] = {}
    for name, settings in uses:
        conf = settings if isinstance(settings, Mapping) else {}
        meta = conf.get("_meta")
        if isinstance(meta, Mapping) and meta.get("disable") is True:
            continue
        if name in UNSAID:
            unsaid[name] = None
        elif ways := _ways(name, conf):
            each.append(ways)
    schemes: dict[str, Document] = {}
    requirement: list[dict[str, list[str]]] = []
    for parts in product(*each) if each else ():
        together: Alternative = {}
        for part in parts:
            together |= part
        schemes |= together
        wanted: dict[str, list[str]] = {scheme: [] for scheme in sorted(together)}
        if wanted not in requirement:
            requirement.append(wanted)
        if len(requirement) == WAYS_LIMIT:
            break
    return Enforced(requirement, dict(sorted(schemes.items())), tuple(unsaid))


def _ways(name: str, conf: Mapping[str, Any]) -> list[Alternative]:
    """Return the ways in which one plugin lets callers in; [] where it asks nothing."""
    ways: list[Alternative] = []
    if name == "key-auth":
        places = [place for place in ("header", "query") if conf.get(place)]
        for place in places or ["header"]:
            ways.append(_key(place, str(conf.get(place, "apikey"))))
    elif name in {"basic-auth", "ldap-auth"}:
        ways.append({"basic": {"type": "http", "scheme": "basic"}})
    elif name == "jwt-auth":
        header = str(conf.get("header", "authorization"))
        if header.lower() == "authorization":
            scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            ways.append({"jwt": scheme})
        else:
            ways.append(_key("header", header))
    elif name == "hmac-auth":
        ways.append({"hmac": {"type": "http", "scheme": "hmac"}})
    elif name == "wolf-rbac":
        ways.append(_key("header", "x-rbac-token"))
    elif name == "openid-connect" and conf.get("unauth_action") != "pass":
        url = str(conf.get("discovery", ""))
        ways.append({"oidc": {"type": "openIdConnect", "openIdConnectUrl": url}})
    elif name == "multi-auth":
        for one in conf.get("auth_plugins") or []:
            for inner, settings in one.items() if isinstance(one, Mapping) else ():
                own = settings if isinstance(settings, Mapping) else {}
                ways += [] if inner == "multi-auth" else _ways(str(inner), own)
    if ways and conf.get("anonymous_consumer"):
        ways.append({})
    return ways


def _key(place: str, name: str) -> Alternative:
    called = re.sub(r"[^A-Za-z0-9._-]", "-", f"key-{place}-{name}")[:100]
    return {called: {"type": "apiKey", "in": place, "name": name}}
