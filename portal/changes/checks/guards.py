"""What stands between a caller and a route, now or once a change is applied."""

from functools import cached_property
from typing import Any

from gateway.effective import effective
from gateway.hosts import Place, place_of
from gateway.schemas import Schemas
from portal.changes.checks.holdings import Holdings
from portal.changes.checks.parts import is_active, plugins_of

Document = dict[str, Any]

# Besides those that the gateway itself calls authentication (`type` "auth").
ASKING = frozenset(
    {
        "authz-casbin",
        "authz-casdoor",
        "authz-keycloak",
        "basic-auth",
        "cas-auth",
        "dingtalk-auth",
        "feishu-auth",
        "forward-auth",
        "hmac-auth",
        "jwe-decrypt",
        "jwt-auth",
        "key-auth",
        "ldap-auth",
        "ldap-auth-advanced",
        "multi-auth",
        "opa",
        "openid-connect",
        "saml-auth",
        "wolf-rbac",
    }
)
KEEPING_OUT = frozenset(
    {
        "acl",
        "chaitin-waf",
        "consumer-restriction",
        "csrf",
        "ip-restriction",
        "referer-restriction",
        "ua-restriction",
        "uri-blocker",
    }
)


class Guards:
    """The plugins that protect the routes of one gateway at one time."""

    def __init__(self, held: Holdings, asking: frozenset[str]) -> None:
        self._held = held
        self._asking = asking

    def of(self, route: Document | None) -> frozenset[str]:
        """Return the names of those that a request to a route must pass.

        None where nothing is answered: no route, or one that is switched off.
        """
        if route is None or route.get("status") == 0:
            return frozenset()
        plugins = effective(route, self._find).plugins
        own = protecting({n: one for n, (one, _) in plugins.items()}, self._asking)
        return own | self._everywhere

    def is_open(self, route: Document | None) -> bool:
        """Say whether strangers from anywhere reach what is behind a route."""
        if route is None or route.get("status") == 0:
            return False
        if route.get("remote_addr") or route.get("remote_addrs"):
            return False
        found = effective(route, self._find)
        if found.hosts and all(place_of(h) is not Place.PUBLIC for h in found.hosts):
            return False
        addresses, _ = found.plugins.get("ip-restriction", (None, ""))
        if (
            isinstance(addresses, dict)
            and addresses.get("whitelist")
            and is_active(addresses)
        ):
            return False
        return not self.of(route) & self._asking

    @cached_property
    def _everywhere(self) -> frozenset[str]:
        rules = self._held.documents("global_rule").values()
        return frozenset().union(
            *(protecting(plugins_of(rule), self._asking) for rule in rules)
        )

    def _find(self, kind: str, resource_id: str) -> Document | None:
        # Where requests go behind the plugins is not worth a read for each route.
        return None if kind == "upstream" else self._held.find(kind, resource_id)


def asking_plugins(schemas: Schemas) -> frozenset[str]:
    """Return the names of plugins that ask callers who they are."""
    known = (n for n, plugin in schemas.plugins.items() if plugin.get("type") == "auth")
    return ASKING.union(known)


def protecting(plugins: Document, asking: frozenset[str]) -> frozenset[str]:
    """Return the names of those among {name: settings} that protect and are active."""
    return frozenset(
        name
        for name, settings in plugins.items()
        if name in asking | KEEPING_OUT and is_active(settings)
    )
