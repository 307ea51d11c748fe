"""Who refers to whom: what must exist before a write, what a deletion would orphan.

Before a write the sandbox looks at the store itself; the guards of a deletion look at
what a watcher knows, which may lag, as on a real gateway.
"""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.sandbox.answers import Refused
from gateway.sandbox.store import Document, Store

# How messages name a field's target.
_FETCHED = {
    "upstream_id": ("upstream", "upstream"),
    "service_id": ("service", "service"),
    "plugin_config_id": ("plugin_config", "plugin config"),
    "group_id": ("consumer_group", "consumer group"),
}


def require(store: Store, document: Document, *fields: str) -> None:
    """Check that what these fields name exists. Raises Refused."""
    for field in fields:
        wanted = document.get(field)
        if wanted is None:
            continue
        kind, words = _FETCHED[field]
        if store.get(kind, str(wanted)) is None:
            raise Refused(
                f"failed to fetch {words} info by {words} id [{wanted}],"
                " response code: 404"
            )


def require_client_certificate(store: Store, upstream: Document) -> None:
    """Check that an upstream's `tls.client_cert_id` names a client certificate."""
    wanted = (upstream.get("tls") or {}).get("client_cert_id")
    if wanted is None:
        return
    words = f"failed to fetch ssl info by ssl id [{wanted}],"
    ssl = store.get("ssl", str(wanted))
    if ssl is None:
        raise Refused(f"{words} response code: 404")
    if ssl.get("type") != "client":
        raise Refused(f"{words} wrong ssl type")


def require_superior(store: Store, own_id: str | None, document: Document) -> None:
    """Check the superior of a stream route. Raises Refused."""
    superior = (document.get("protocol") or {}).get("superior_id")
    if superior is None:
        return
    if own_id is not None and str(superior) == str(own_id):
        raise Refused("stream route can not set itself as superior_id")
    if store.get("stream_route", str(superior)) is None:
        raise Refused(f"failed to fetch stream routes[{superior}], response code: 404")


def _names(field: str) -> Callable[[Document, str], bool]:
    def test(document: Document, wanted: str) -> bool:
        return document.get(field) is not None and str(document[field]) == wanted

    return test


def _splits_to(document: Document, wanted: str) -> bool:
    rules = _plugin(document, "traffic-split").get("rules")
    for rule in rules if isinstance(rules, list) else []:
        for upstream in (rule or {}).get("weighted_upstreams") or []:
            if str((upstream or {}).get("upstream_id")) == wanted:
                return True
    return False


def _names_or_splits(document: Document, wanted: str) -> bool:
    return _names("upstream_id")(document, wanted) or _splits_to(document, wanted)


def _transcodes_with(document: Document, wanted: str) -> bool:
    return str(_plugin(document, "grpc-transcode").get("proto_id")) == wanted


def _is_below(document: Document, wanted: str) -> bool:
    return str((document.get("protocol") or {}).get("superior_id")) == wanted


def _plugin(document: Document, name: str) -> dict[str, Any]:
    configuration = (document.get("plugins") or {}).get(name)
    return configuration if isinstance(configuration, dict) else {}


# Kind: (how the message begins, [(kind of the referrer, its word, test)]).
_GUARDS: dict[
    str, tuple[str, list[tuple[str, str, Callable[[Document, str], bool]]]]
] = {
    "upstream": (
        "this upstream",
        [
            ("route", "route", _names_or_splits),
            ("service", "service", _names_or_splits),
            ("plugin_config", "plugin_config", _splits_to),
            ("consumer", "consumer", _splits_to),
            ("consumer_group", "consumer_group", _splits_to),
            ("global_rule", "global_rules", _splits_to),
        ],
    ),
    "service": (
        "this service directly",
        [
            ("route", "route", _names("service_id")),
            ("stream_route", "stream_route", _names("service_id")),
        ],
    ),
    "plugin_config": (
        "this plugin config",
        [("route", "route", _names("plugin_config_id"))],
    ),
    "consumer_group": (
        "this consumer group",
        [("consumer", "consumer", _names("group_id"))],
    ),
    "proto": (
        "this proto",
        [
            ("route", "route", _transcodes_with),
            ("service", "service", _transcodes_with),
        ],
    ),
    "stream_route": (
        "this stream route directly",
        [("stream_route", "stream_route", _is_below)],
    ),
}


def guard(store: Store, kind: str, resource_id: str, *, lag: float) -> None:
    """Check that nobody refers to what is to be deleted. Raises Refused.

    `lag` is how many seconds behind the store the guard's knowledge is.
    """
    for beginning, word, referrer in _referrers(store, kind, resource_id, lag):
        raise Refused(
            f"can not delete {beginning}, {word} [{referrer}] is still using it now"
        )


def _referrers(
    store: Store, kind: str, resource_id: str, lag: float
) -> Iterator[tuple[str, str, str]]:
    beginning, guards = _GUARDS.get(kind, ("", []))
    for referrer_kind, word, refers in guards:
        for key, document in store.as_of(referrer_kind, lag).items():
            if refers(document, resource_id):
                yield beginning, word, key
