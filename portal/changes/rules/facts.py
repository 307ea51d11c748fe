"""What of a change rules look at. Secrets are no part of it."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from gateway.diff import diff
from gateway.effective import hosts_of, texts
from gateway.models import Gateway
from portal.accounts.actor import Channel
from portal.changes.findings import Severity
from portal.changes.models import Action, ChangeRequest, Revision
from portal.changes.owners import Owned, owned_in
from portal.changes.ownership import SHARED, Sides
from portal.changes.plan import Plan
from portal.changes.rules.reach import Target, reach_of

Document = dict[str, Any]
# By these a document has the plugins of another.
LENDING = ("plugin_config_id", "service_id", "group_id")


@dataclass(frozen=True)
class ItemFacts:
    """One item, in what it was and what it shall be.

    `labels` has the labels of each document there is, as `name` and `name=value`.
    `is_open` says whether it may answer for hosts that it does not name.
    `changes_plugins_alone` says that nothing but the `plugins` touched changes;
    `takes_others_plugins`, that it refers to others' plugins than before.
    """

    kind: str
    action: str
    hosts: frozenset[str] = frozenset()
    is_open: bool = False
    uris: frozenset[str] = frozenset()
    labels: tuple[frozenset[str], ...] = ()
    plugins: frozenset[str] = frozenset()
    changes_plugins_alone: bool = False
    takes_others_plugins: bool = False

    @classmethod
    def of(
        cls,
        kind: str,
        action: str,
        resource_id: str,
        base: Document | None,
        wanted: Document | None,
    ) -> "ItemFacts":
        documents = [one for one in (base, wanted) if one is not None]
        plugins, alone = _plugins(kind, resource_id, base, wanted)
        hosts = [_hosts(kind, one) for one in documents]
        return cls(
            kind=kind,
            action=action,
            hosts=frozenset().union(*hosts),
            is_open=kind in ("route", "service") and not all(hosts),
            uris=frozenset(
                uri
                for one in documents
                if kind == "route"
                for uri in texts(one.get("uris")) + texts(one.get("uri"))
            ),
            labels=tuple(_labels(one) for one in documents),
            plugins=plugins,
            changes_plugins_alone=alone,
            takes_others_plugins=_takes_others(base, wanted),
        )


@dataclass(frozen=True)
class Facts:
    """A change as a whole. `channels` are all by which any of it came.

    `owned` tells who owns what it touches, and `reaching` the items with the hosts and
    addresses of the routes that need them: both ask only when they are called. `reached`
    names the rules that fitted by that when it was decided on; None: it was not.
    """

    gateway: str
    environment: str
    is_production: bool
    channels: frozenset[str]
    items: Sequence[ItemFacts]
    findings: frozenset[str] = frozenset()
    has_warning: bool = False
    owned: Callable[[], tuple[Owned, ...]] = tuple
    reaching: Callable[[], Sequence[ItemFacts]] = tuple
    reached: frozenset[str] | None = None


def facts_of(
    change: ChangeRequest,
    revision: Revision,
    owned: tuple[Owned, ...] | None = None,
    reached: frozenset[str] | None = None,
) -> Facts:
    """Read what rules look at: two queries, and the time of a diff for each item.

    `owned` is who owned what when it was decided on; None: who does now. `reached` is as
    in Facts.
    """
    channels = {str(change.channel)}
    written = change.revisions.filter(number__lte=revision.number)
    for kept, token in written.values_list("channels", "token"):
        channels.update(kept)
        if token and not kept:
            # Nothing tells any more by which door this program came.
            channels |= {Channel.API.value, Channel.MCP.value}
    rows = list(
        revision.items.order_by("position").values_list(
            "kind", "action", "resource_id", "base", "wanted"
        )
    )

    def owned_now() -> tuple[Owned, ...]:
        sides = [Sides(kind, name, *both) for kind, _, name, *both in rows]
        return owned_in(sides, change.gateway)

    items = [ItemFacts.of(*row) for row in rows]
    names = [(kind, name) for kind, _, name, *_ in rows]
    return Facts(
        gateway=change.gateway.slug,
        environment=change.gateway.environment,
        is_production=change.gateway.is_production,
        channels=frozenset(channels),
        items=items,
        findings=frozenset(one["code"] for one in revision.findings),
        has_warning=any(one["severity"] != Severity.INFO for one in revision.findings),
        owned=owned_now if owned is None else lambda: owned,
        reaching=cache(lambda: _reaching(change.gateway, names, items)),
        reached=reached,
    )


def described(
    gateway: Gateway, *, channel: str, kind: str, action: str, document: Document
) -> Facts:
    """Return the facts of one item that somebody only describes."""
    before = document if action == Action.DELETE else None
    after = None if action == Action.DELETE else document
    name = str(document.get("id", ""))
    item = ItemFacts.of(kind, action, name, before, after)
    return Facts(
        gateway=gateway.slug,
        environment=gateway.environment,
        is_production=gateway.is_production,
        channels=frozenset({channel}),
        items=[item],
        owned=lambda: owned_in([Sides(kind, name, before, after)], gateway),
        reaching=cache(lambda: _reaching(gateway, [(kind, name)], [item])),
    )


def _reaching(
    gateway: Gateway, names: Sequence[Target], items: Sequence[ItemFacts]
) -> list[ItemFacts]:
    """Return the items that routes share, with the places of the routes that need them."""
    pairs = [
        (name, item)
        for name, item in zip(names, items, strict=True)
        if item.kind in SHARED
    ]
    reached = reach_of(gateway, [name for name, _ in pairs])
    return [
        replace(
            item,
            hosts=item.hosts | reached[name].hosts,
            uris=item.uris | reached[name].uris,
            is_open=item.is_open or reached[name].is_open,
        )
        for name, item in pairs
        if name in reached
    ]


def planned(plan: Plan, channels: Set[str]) -> Facts:
    """Return the facts of what is only planned; `channels` are all by which it comes."""
    rows = [
        (one.kind.name, str(one.action), one.id, one.shown_base, one.shown_wanted)
        for one in plan.items
    ]

    def owned_now() -> tuple[Owned, ...]:
        sides = [Sides(kind, name, *both) for kind, _, name, *both in rows]
        return owned_in(sides, plan.gateway)

    items = [ItemFacts.of(*row) for row in rows]
    names = [(kind, name) for kind, _, name, *_ in rows]
    return Facts(
        gateway=plan.gateway.slug,
        environment=plan.gateway.environment,
        is_production=plan.gateway.is_production,
        channels=frozenset(channels),
        items=items,
        findings=frozenset(str(one.code) for one in plan.findings),
        has_warning=any(one.severity != Severity.INFO for one in plan.findings),
        owned=owned_now,
        reaching=cache(lambda: _reaching(plan.gateway, names, items)),
    )


def _hosts(kind: str, document: Document) -> frozenset[str]:
    if kind == "ssl":
        found = texts(document.get("snis")) + texts(document.get("sni"))
    elif kind in ("route", "service"):
        found = hosts_of(document)
    else:
        found = []
    return frozenset(host.lower() for host in found)


def _labels(document: Document) -> frozenset[str]:
    labels = document.get("labels")
    if not isinstance(labels, dict):
        return frozenset()
    return frozenset({*labels, *(f"{name}={value}" for name, value in labels.items())})


def _takes_others(base: Document | None, wanted: Document | None) -> bool:
    """Say whether an update has plugins come or go by what it refers to."""
    return (
        base is not None
        and wanted is not None
        and any(base.get(name) != wanted.get(name) for name in LENDING)
    )


def _plugins(
    kind: str, resource_id: str, base: Document | None, wanted: Document | None
) -> tuple[frozenset[str], bool]:
    """Return the plugins whose configuration changes, and whether nothing else does."""
    if kind == "plugin_metadata":
        return frozenset({resource_id}), True
    touched: set[str] = set()
    alone = base is not None and wanted is not None
    for one in diff(base, wanted):
        if one.path[:1] != ("plugins",):
            alone = False
        elif len(one.path) > 1:
            touched.add(str(one.path[1]))
        else:
            touched.update(one.before or {}, one.after or {})
    return frozenset(touched), alone and bool(touched)
