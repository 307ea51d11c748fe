"""Find what ADC's file means for a gateway that was not made from it. Pure.

The file has one form where APISIX has several: an upstream within its service, a rule
for each global plugin, a service for every route. What it says is brought into the
form that the gateway has now, and what it cannot say stays as it is there. So a file
that was written from a gateway, unchanged, means no change of it.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from gateway.formats.adc_fields import (
    NAME_LABEL,
    OWN_UPSTREAM,
    SINGLE,
    listed_nodes,
    sayable,
    wrapper_id,
)
from gateway.formats.contents import Document, Documents, Key, normal
from gateway.references import references_of

ROUTES = ("route", "stream_route")
HOLDERS = ("service", *ROUTES)
OWN_PLUGINS = ("plugins", "plugin_config_id")

# Says whether two documents of a kind are the same.
Alike = Callable[[str, Document, Document], bool]


def onto(
    documents: Mapping[Key, Document],
    live: Mapping[Key, Document],
    *,
    alike: Alike,
    is_whole: bool = False,
) -> Documents:
    """Return what the gateway should hold of all that the file speaks of.

    `is_whole`: what the file does not name shall go, so a global rule loses plugins
    that are not in it.
    """
    live = normal(live)
    found = {key: dict(document) for key, document in documents.items()}
    _unwrap(found, live)
    _gather_rules(found, live, is_whole=is_whole)
    for (kind, resource_id), document in list(found.items()):
        held = live.get((kind, resource_id))
        if held is not None:
            found[kind, resource_id] = _carried(kind, resource_id, document, held)
    _settle_plugins(found, live, alike)
    _settle_upstreams(found, live, alike)
    return found


def _unwrap(found: Documents, live: Mapping[Key, Document]) -> None:
    """Take routes out of the services that were made for them alone."""
    routes = [key for key in found if key[0] in ROUTES]
    members = Counter(found[key].get("service_id") for key in routes)
    for kind, resource_id in routes:
        wrapper = ("service", wrapper_id(kind, resource_id))
        route, service = found[kind, resource_id], found.get(wrapper)
        if (
            service is not None
            and wrapper not in live
            and route.get("service_id") == wrapper[1]
            and members[wrapper[1]] == 1
            and service.keys() <= {"name", "upstream"}
        ):
            del route["service_id"], found[wrapper]
            if "upstream" in service:
                route["upstream"] = service["upstream"]


def _gather_rules(
    found: Documents, live: Mapping[Key, Document], *, is_whole: bool
) -> None:
    """Put each global plugin into the rule that has it now."""
    rules: Documents = {}
    for kind, name in [key for key in found if key[0] == "global_rule"]:
        plugins = found.pop((kind, name))["plugins"]
        for (_, resource_id), rule in _of("global_rule", live):
            if name in (rule.get("plugins") or {}):
                key = (kind, resource_id)
                if key not in rules:
                    rules[key] = rule | {
                        "plugins": {} if is_whole else dict(rule["plugins"])
                    }
                rules[key]["plugins"] |= plugins
                break
        else:
            rules[kind, name] = {"plugins": plugins}
    found |= rules


def _of(kind: str, live: Mapping[Key, Document]) -> list[tuple[Key, Document]]:
    return [(key, document) for key, document in live.items() if key[0] == kind]


def _carried(
    kind: str, resource_id: str, document: Document, held: Document
) -> Document:
    """Return the document in the form of the one held, with what ADC cannot say."""
    told = _in_form(kind, document, held)
    for name in held.keys() - sayable(kind):
        told.setdefault(name, held[name])
    own_id = resource_id.rpartition("/")[2]
    if "name" not in held and told.get("name") == own_id:
        del told["name"]
    if kind == "stream_route":
        _mark_name(told, held)
    # Beside an upstream_id it has no say; see _settle_upstreams.
    upstream = None if "upstream_id" in held else held.get("upstream")
    if isinstance(told.get("upstream"), dict) and isinstance(upstream, dict):
        told["upstream"] = _carried("upstream", "", told["upstream"], upstream)
    return told


def _in_form(kind: str, document: Document, held: Document) -> Document:
    """Use the field for one where the document held does, and nodes as it has them."""
    told = dict(document)
    for single, several in SINGLE.get(kind, {}).items():
        listed = told.get(several)
        if single in held and isinstance(listed, list) and len(listed) == 1:
            told[single] = listed[0]
            del told[several]
    if kind == "upstream" and "nodes" in held:
        nodes = listed_nodes(held)
        if told.get("nodes", nodes) == nodes:
            told["nodes"] = held["nodes"]
    return told


def _mark_name(told: Document, held: Document) -> None:
    """Keep a stream route's name where it is now: in a label, before APISIX 3.13."""
    labels = held.get("labels")
    if isinstance(labels, dict) and NAME_LABEL in labels:
        marked = {NAME_LABEL: told.get("name", labels[NAME_LABEL])}
        told["labels"] = (told.get("labels") or {}) | marked
        told.pop("name", None)
        if "name" in held:
            told["name"] = held["name"]


def _settle_plugins(
    found: Documents, live: Mapping[Key, Document], alike: Alike
) -> None:
    """Let the plugins that a route has by its plugin config stay there.

    Once the file changes one, all of them are the route's own.
    """
    for key in [key for key in found if key[0] == "route"]:
        own = live.get(key, {})
        shared = live.get(("plugin_config", str(own.get("plugin_config_id"))))
        if shared is None:
            continue
        both = (shared.get("plugins") or {}) | (own.get("plugins") or {})
        told = found[key].get("plugins") or {}
        if alike("route", {"plugins": told}, {"plugins": both}):
            found[key].pop("plugins", None)
            found[key] |= {name: own[name] for name in OWN_PLUGINS if name in own}


def _settle_upstreams(
    found: Documents, live: Mapping[Key, Document], alike: Alike
) -> None:
    """Let an upstream that is a resource of its own stay one.

    One that several use is changed for those of them alone that the file changes.
    """
    users = Counter(
        named
        for (kind, _), document in live.items()
        for _, of, named in references_of(kind, document)
        if of == "upstream"
    )
    for key in [key for key in found if key[0] in HOLDERS]:
        document, own = found[key], live.get(key, {})
        if "upstream_id" not in own:
            continue
        named = ("upstream", str(own["upstream_id"]))
        held, told = live.get(named), document.get("upstream")
        if held is not None and isinstance(told, dict):
            told = _carried("upstream", "", told, held)
            if "name" in held:
                told["name"] = held["name"]
            is_same = alike("upstream", told, held)
            if not is_same and users[named[1]] > 1:
                continue
            found.setdefault(named, held if is_same else told)
        elif told is not None:
            continue
        # As it is now, an upstream that upstream_id makes useless too.
        document.pop("upstream", None)
        document |= {name: own[name] for name in OWN_UPSTREAM if name in own}
