"""Two places say something, and one of them counts."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from gateway.words import quoted
from portal.changes.checks.holdings import SHARED, After, Sharing
from portal.changes.checks.parts import named, plugins_of, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan, PlannedItem

Document = dict[str, Any]

UPSTREAM_IGNORED = Code(
    "upstream_ignored",
    Severity.WARNING,
    gettext_noop(
        "A document names an upstream by upstream_id and holds another one, which is ignored."
    ),
)
PLUGIN_REPLACED = Code(
    "plugin_replaced",
    Severity.INFO,
    gettext_noop(
        "A route's own plugin replaces the same plugin of its service or plugin config, whole."
    ),
)


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


def own_plugin_replaces(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Told when a route gets or changes its own. Reads what the route refers to."""
    after = After(plan, live)
    for index, item, wanted in written(plan):
        if item.kind.name != "route":
            continue
        written_now = _written_now(item)
        for name, origin in _replaced(wanted, after) if written_now else ():
            if name in written_now:
                yield PLUGIN_REPLACED.finding(
                    index,
                    f"{quoted(name)} of {origin} does not count here: the route's own "
                    "replaces it whole, not field by field.",
                    f"Repeat in plugins.{name} what shall stay, or leave it out to keep "
                    "the shared one.",
                    path=f"plugins.{name}",
                )


def shared_plugin_is_replaced(
    plan: Plan, live: Live, schemas: Schemas
) -> Iterator[Finding]:
    """Told when something shared gets or changes one. Lists the routes once then."""
    shared = Sharing(After(plan, live))
    for index, item, _ in written(plan):
        if item.base is None or item.kind.name not in SHARED:
            continue
        for name in sorted(_written_now(item)):
            routes = [
                route_id
                for route_id, route in shared.routes(item.kind.name, item.id).items()
                if name in plugins_of(route)
            ]
            if routes:
                yield PLUGIN_REPLACED.finding(
                    index,
                    f"{quoted(name)} does not reach {named(sorted(routes))}: each of these "
                    "routes has its own, which replaces it whole.",
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


def _replaced(route: Document, after: After) -> Iterator[tuple[str, str]]:
    """Yield (plugin, where from) of what a route's own plugins replace."""
    own = plugins_of(route)
    for kind, field in SHARED.items():
        shared_id = route.get(field)
        if isinstance(shared_id, str | int) and not isinstance(shared_id, bool):
            for name in plugins_of(after.find(kind, str(shared_id))):
                if name in own:
                    title = kind.replace("_", " ")
                    yield name, f"{title} {quoted(str(shared_id))}"


SUBJECT = Subject(
    title=gettext_noop("What counts"),
    matters=gettext_noop(
        "A setting that another one outweighs does not do what it seems to."
    ),
    checks=(upstream_ignored, own_plugin_replaces, shared_plugin_is_replaced),
    codes=(UPSTREAM_IGNORED, PLUGIN_REPLACED),
)
