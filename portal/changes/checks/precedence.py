"""Two places say something, and one of them counts."""

from collections.abc import Iterator
from typing import Any

from gateway.live import Live
from gateway.schemas import Schemas
from gateway.words import quoted
from portal.changes.checks.holdings import After
from portal.changes.checks.parts import named, plugins_of, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan, PlannedItem

Document = dict[str, Any]

UPSTREAM_IGNORED = Code(
    "upstream_ignored",
    Severity.WARNING,
    "A document names an upstream by upstream_id and holds another one, which is ignored.",
)
PLUGIN_REPLACED = Code(
    "plugin_replaced",
    Severity.INFO,
    "A route's own plugin replaces the same plugin of its service or plugin config, whole.",
)

# What a route shares, the stronger first (gateway/effective.py).
SHARED = {"plugin_config_id": "plugin_config", "service_id": "service"}


def upstream_ignored(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Changing the upstream that is ignored changes nothing that answers."""
    for index, item, wanted in written(plan):
        base = item.base or {}
        upstream, name = wanted.get("upstream"), wanted.get("upstream_id")
        if upstream is None or name is None:
            continue
        was_there = None not in (base.get("upstream"), base.get("upstream_id"))
        if not was_there or base.get("upstream") != upstream:
            yield UPSTREAM_IGNORED.finding(
                index,
                f"Requests go to upstream {quoted(str(name))}, which upstream_id names: "
                "what stands in upstream is ignored.",
                "Send upstream_id as null so that upstream counts, or leave upstream out "
                f"and change upstream {quoted(str(name))} itself.",
                path="upstream",
            )


def plugin_replaced(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Told where the change brings one of the two.

    Reads what a written route refers to; lists the routes once when something shared
    gets or changes a plugin.
    """
    after = After(plan, live)
    for index, item, wanted in written(plan):
        written_now = _written_now(item)
        if not written_now:
            continue
        if item.kind.name == "route":
            for name, origin in _replaced(wanted, after):
                if name in written_now:
                    yield PLUGIN_REPLACED.finding(
                        index,
                        f"{quoted(name)} of {origin} does not count here: the route's own "
                        "replaces it whole, not field by field.",
                        f"Repeat in plugins.{name} what shall stay, or leave it out to "
                        "keep the shared one.",
                        path=f"plugins.{name}",
                    )
        elif item.base is not None and item.kind.name in SHARED.values():
            sharing = _sharing(item, after)
            for name in sorted(written_now):
                routes = [one for one, plugins in sharing.items() if name in plugins]
                if routes:
                    yield PLUGIN_REPLACED.finding(
                        index,
                        f"{quoted(name)} does not reach {named(sorted(routes))}: each of "
                        "these routes has its own, which replaces it whole.",
                        "Change it in these routes too, or take it out of them.",
                        path=f"plugins.{name}",
                    )


def _written_now(item: PlannedItem) -> set[str]:
    """Return the plugins that the change adds or alters."""
    before = plugins_of(item.base)
    return {
        name
        for name, settings in plugins_of(item.wanted).items()
        if name not in before or before[name] != settings
    }


def _sharing(item: PlannedItem, after: After) -> dict[str, Document]:
    """Return {id: own plugins} of the routes that refer to something shared. One list."""
    field = next(field for field, kind in SHARED.items() if kind == item.kind.name)
    return {
        route_id: plugins_of(route)
        for route_id, route in after.documents("route").items()
        if str(route.get(field)) == item.id
    }


def _replaced(route: Document, after: After) -> Iterator[tuple[str, str]]:
    """Yield (plugin, where from) of what a route's own plugins replace."""
    own = plugins_of(route)
    for field, kind in SHARED.items():
        shared_id = route.get(field)
        if isinstance(shared_id, str | int) and not isinstance(shared_id, bool):
            for name in plugins_of(after.find(kind, str(shared_id))):
                if name in own:
                    title = kind.replace("_", " ")
                    yield name, f"{title} {quoted(str(shared_id))}"


SUBJECT = Subject(
    title="What counts",
    checks=(upstream_ignored, plugin_replaced),
    codes=(UPSTREAM_IGNORED, PLUGIN_REPLACED),
)
