"""What a document asks of its callers, as plugins that a gateway can hold them to.

A requirement is a list of alternatives, each an object of schemes that all must hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.canonical import canonical
from gateway.openapi.errors import OpenAPIError, pointer_to
from gateway.openapi.references import followed
from gateway.openapi.shapes import Document, Place, an_object, objects, taken

Plugins = dict[str, Any]
# What an openIdConnect scheme must bring besides its address, as an extension.
OIDC = "x-apisix-openid-connect"
NOTED = {
    "oauth2": "oauth2 is not enforced: which tokens are good is known to the server that "
    "gives them. Add openid-connect or jwt-auth to the routes",
    "mutualTLS": "mutualTLS is not enforced: it is set on the gateway's certificate (ssl)",
    "openIdConnect": f"openIdConnect is not enforced: put client_id and client_secret "
    f"beside it as {OIDC}",
}


@dataclass(frozen=True)
class Asked:
    """Plugins that hold callers to a requirement, and what of it they do not."""

    plugins: Plugins
    remarks: tuple[str, ...] = ()


def schemes_of(document: Document) -> dict[str, Document]:
    """Return the security schemes of a document by name. Raises OpenAPIError."""
    components = taken(document, "components", dict, ())
    at = ("components", "securitySchemes")
    return {
        name: an_object(followed(document, one, (*at, name)), (*at, name))
        for name, one in objects(components, "securitySchemes", ("components",))
    }


def requirement_of(document: Document, operation: Document, at: Place) -> list[Any]:
    """Return what an operation requires, the document's own where it does not say."""
    holder, place = (operation, at) if "security" in operation else (document, ())
    return list(taken(holder, "security", list, place))


def plugins_for(
    requirement: Iterable[Any], schemes: Mapping[str, Document], at: Place = ()
) -> Asked:
    """Return the plugins that enforce a requirement. Raises OpenAPIError."""
    remarks: dict[str, None] = {}
    ways: list[Plugins] = []
    for alternative in requirement:
        wanted = an_object(alternative, (*at, "security"))
        if not wanted:
            # Callers may come without anything, so nothing can be asked of them.
            return Asked({}, ("security is optional here, so none is enforced",))
        way: Plugins = {}
        for name in wanted:
            if name not in schemes:
                raise OpenAPIError(
                    f"security names {name[:100]!r}, which is no security scheme of the "
                    "document.",
                    pointer_to(*at, "security"),
                )
            plugin, settings, remark = _plugin(name, schemes[name])
            if remark:
                remarks[remark] = None
            if not plugin:
                break
            if plugin in way:
                remarks[f"scheme {name[:80]}: a route asks for one {plugin} only"] = (
                    None
                )
            way.setdefault(plugin, settings)
        else:
            ways.append(way)
    return Asked(_joined(ways, remarks), tuple(remarks))


def _joined(ways: list[Plugins], remarks: dict[str, None]) -> Plugins:
    """Return plugins that let in whoever takes one of these ways."""
    if not ways:
        return {}
    merged = _one_key(ways)
    if merged is not None:
        return merged
    distinct = list({canonical(way): way for way in ways}.values())
    if len(distinct) == 1:
        return distinct[0]
    if all(len(way) == 1 for way in distinct):
        return {"multi-auth": {"auth_plugins": distinct}}
    remarks[
        "of several ways to sign in, of which one asks for two things at once, only the "
        "first is offered"
    ] = None
    return distinct[0]


def _one_key(ways: list[Plugins]) -> Plugins | None:
    """Return one key-auth for a key that may stand in a header or in the query."""
    if any(set(way) != {"key-auth"} for way in ways):
        return None
    places: Document = {}
    for way in ways:
        for place, name in way["key-auth"].items():
            if places.setdefault(place, name) != name:
                return None
    return {"key-auth": places}


def _plugin(name: str, scheme: Document) -> tuple[str, Document, str]:
    """Return a plugin with its settings and a remark; "" for none."""
    kind, told = scheme.get("type"), f"scheme {name[:80]}: "
    if kind == "http":
        way = str(scheme.get("scheme", "")).lower()
        if way == "basic":
            return "basic-auth", {}, ""
        if way == "bearer" and str(scheme.get("bearerFormat", "")).upper() == "JWT":
            return "jwt-auth", {}, ""
        if way == "bearer":
            return "", {}, f"{told}a bearer token is enforced if bearerFormat is JWT"
        return "", {}, f"{told}http {way[:40]} is not enforced"
    if kind == "apiKey":
        place, field = scheme.get("in"), str(scheme.get("name", ""))
        if place in ("header", "query") and field:
            return "key-auth", {str(place): field}, ""
        return "", {}, f"{told}an API key in a {str(place)[:20]} is not enforced"
    if kind == "openIdConnect":
        own = scheme.get(OIDC)
        if isinstance(own, dict) and {"client_id", "client_secret"} <= own.keys():
            discovery = {"discovery": str(scheme.get("openIdConnectUrl", ""))}
            return "openid-connect", discovery | {"bearer_only": True} | own, ""
    words = NOTED.get(str(kind), f"a scheme of type {str(kind)[:40]!r} is not enforced")
    return "", {}, told + words
