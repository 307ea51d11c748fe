"""Say in one sentence what happens to a resource, made from its documents alone. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from gateway.diff import Difference, diff
from gateway.kinds import KINDS
from gateway.visible import visible
from gateway.words import cut, quoted, words

Document = dict[str, Any]

ITEMS = 4
FIRST = (
    "status",
    "uri",
    "uris",
    "host",
    "hosts",
    "methods",
    "vars",
    "filter_func",
    "script",
    "upstream",
    "upstream_id",
    "service_id",
    "nodes",
    "plugins",
    "plugin_config_id",
)
# Characters of what is said about one plugin or one field.
PART = 120


def sentence(
    action: str,
    kind: str,
    resource_id: str,
    before: Document | None,
    after: Document | None,
) -> str:
    """Say what `create`, `update` or `delete` does to one resource.

    Nothing in it comes from anywhere but the documents, and what they hold is quoted
    where it could pass for our words.
    """
    name = f"{kind_words(kind)} {_name(kind, resource_id, after or before or {})}"
    off = ", switched off" if (after or before or {}).get("status") == 0 else ""
    if action == "create":
        return f"Creates {name}{off}{_essence(kind, after or {})}."
    if action == "delete":
        return f"Deletes {name}{off}{_essence(kind, before or {})}."
    changes = sorted(diff(before, after), key=_rank)
    if not changes:
        return f"Writes {name} again without a visible change."
    shown = "; ".join(cut(one.describe(), 2 * PART) for one in changes[:ITEMS])
    rest = dict.fromkeys(one.name for one in changes[ITEMS:])
    more = f"; and {len(rest)} more: {cut(', '.join(rest), PART)}" if rest else ""
    return f"Changes {name}: {shown}{more}."


VERBS = {"create": "Creates", "update": "Changes", "delete": "Deletes"}


def counted(changed: Iterable[tuple[str, str]]) -> str:
    """Say how many resources of what are created, updated and deleted.

    `changed` holds (action, kind) of each.
    """
    numbers = Counter(changed)
    parts = []
    for action, verb in VERBS.items():
        of = [
            f"{number:,} {kind_words(kind)}{'' if number == 1 else 's'}"
            for (did, kind), number in numbers.items()
            if did == action
        ]
        if of:
            parts.append(f"{verb} {', '.join(of)}")
    return "; ".join(parts) + "."


def _rank(difference: Difference) -> int:
    """Tell what decides over requests first."""
    name = difference.path[0] if difference.path else ""
    return FIRST.index(name) if name in FIRST else len(FIRST)


def kind_words(kind: str) -> str:
    """Return a kind's title as it stands amid a sentence: `route`, `SSL certificate`."""
    title = KINDS[kind].title
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def as_sentence(words: str) -> str:
    """Return another program's words with an end, so that more may follow them."""
    told = words.rstrip()
    return told if told.endswith((".", "!", "?")) else f"{told}."


def _name(kind: str, resource_id: str, document: Document) -> str:
    if kind == "credential":
        username, _, credential = resource_id.partition("/credentials/")
        return f"{credential} of consumer {username}"
    name = document.get("name")
    if isinstance(name, str) and name and name != resource_id:
        return f"{quoted(name)} ({resource_id})"
    return resource_id


def _essence(kind: str, document: Document) -> str:
    """Return what matters of a document: whom it answers, where to, with what."""
    parts = [
        ", ".join(part for part in _matches(kind, document) if part),
        _target(kind, document),
        _plugins(kind, document),
        *_code(document),
    ]
    text = " ".join(part for part in parts if part)
    return f": {text}" if text else ""


def _matches(kind: str, document: Document) -> list[str]:
    """Return which requests it is for."""
    if kind == "route":
        return [_address(document), *_conditions(document)]
    if kind == "stream_route":
        ends = [
            f"{title} {words(document[name])}"
            for name, title in (
                ("server_addr", "address"),
                ("server_port", "port"),
                ("sni", "SNI"),
            )
            if document.get(name) is not None
        ]
        return [", ".join(ends), *_conditions(document)]
    if kind == "service":
        hosts = _listed(document.get("hosts"))
        return [f"on {hosts}" if hosts else ""]
    if kind == "ssl":
        names = _listed(document.get("snis") or document.get("sni"))
        return [f"for {names}" if names else ""]
    if kind == "secret":
        return [f"at {words(document['uri'])}" if document.get("uri") else ""]
    if kind == "consumer" and document.get("group_id") is not None:
        return [f"in consumer group {words(document['group_id'])}"]
    return []


def _address(document: Document) -> str:
    methods = _listed(document.get("methods")) or "any method"
    hosts = document.get("hosts") or document.get("host")
    host = hosts[0] if isinstance(hosts, list) and len(hosts) == 1 else hosts
    on = "" if isinstance(host, str) or not host else f" on {_listed(host)}"
    uris = document.get("uris") or document.get("uri")
    paths = _listed(
        [
            f"{host if isinstance(host, str) else ''}{path}"
            for path in (uris if isinstance(uris, list) else [uris])
            if path
        ]
    )
    return f"{methods} {paths}{on}"


def _conditions(document: Document) -> list[str]:
    parts = []
    addresses = document.get("remote_addrs") or document.get("remote_addr")
    if addresses:
        parts.append(f"only from {_listed(addresses)}")
    if document.get("vars"):
        parts.append(f"only if {cut(_expression(document['vars']), PART)}")
    if document.get("filter_func"):
        parts.append("only if its own function says so")
    if document.get("priority"):
        parts.append(f"with priority {words(document['priority'])}")
    return parts


def _expression(value: Any) -> str:
    """Return a `vars` expression as `arg_x == 1 and http_y ~~ ^z`."""
    if not isinstance(value, list):
        return words(value)
    if value and all(isinstance(item, list) for item in value):
        return " and ".join(_expression(item) for item in value)
    head, *rest = value or [""]
    if head in ("AND", "OR", "!AND", "!OR"):
        joined = f" {head.strip('!').lower()} ".join(_expression(item) for item in rest)
        return f"not ({joined})" if head.startswith("!") else f"({joined})"
    return " ".join(
        f"({words(item)})" if isinstance(item, list) else words(item) for item in value
    )


def _target(kind: str, document: Document) -> str:
    """Return where requests go."""
    upstream = document if kind == "upstream" else document.get("upstream")
    targets = [_upstream(upstream)] if isinstance(upstream, dict) else []
    targets += [
        f"{title} {words(document[name])}"
        for name, title in (("upstream_id", "upstream"), ("service_id", "service"))
        if document.get(name) is not None
    ]
    found = " and ".join(target for target in targets if target)
    return f"→ {found}" if found else ""


def _upstream(upstream: Document) -> str:
    scheme = upstream.get("scheme", "http")
    before = "" if scheme == "http" else f"{visible(str(scheme))}://"
    nodes = upstream.get("nodes")
    if isinstance(nodes, dict):
        weights = list(nodes.items())
    elif isinstance(nodes, list):
        weights = [
            (
                f"{node.get('host')}:{node['port']}"
                if "port" in node
                else str(node.get("host")),
                node.get("weight"),
            )
            for node in nodes
            if isinstance(node, dict)
        ]
    elif upstream.get("service_name"):
        registry = upstream.get("discovery_type")
        found = f" of {words(registry)}" if registry else ""
        return f"service {words(upstream['service_name'])}{found}"
    else:
        return ""
    if not weights:
        return "no node"
    # All alike: then their weights say nothing.
    is_even = len({repr(weight) for _, weight in weights}) == 1 and weights[0][1] != 0
    shown = [
        f"{before}{quoted(address)}" + ("" if is_even else f" (weight {words(weight)})")
        for address, weight in weights[:ITEMS]
    ]
    return _and_more(shown, len(weights))


def _plugins(kind: str, document: Document) -> str:
    plugins = document.get("plugins")
    if not isinstance(plugins, dict) or not plugins:
        return ""
    shown = []
    for name in sorted(plugins)[:ITEMS]:
        configuration = plugins[name]
        told = cut(words(configuration), PART) if configuration not in ({}, []) else ""
        shown.append(f"{visible(name)} ({told})" if told else visible(name))
    return f"with {_and_more(shown, len(plugins))}"


def _code(document: Document) -> list[str]:
    """Return what else takes part in every request."""
    parts = []
    if document.get("script"):
        parts.append("running a script of its own")
    if document.get("plugin_config_id") is not None:
        parts.append(f"using plugin config {words(document['plugin_config_id'])}")
    return parts


def _listed(value: Any) -> str:
    if value is None:
        return ""
    items = value if isinstance(value, list) else [value]
    return _and_more([words(item) for item in items[:ITEMS]], len(items))


def _and_more(shown: list[str], total: int) -> str:
    more = total - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
