"""Who may call: plugins that ask callers who they are, or keep some of them out."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.guards import (
    KEEPING_OUT,
    Guards,
    asking_plugins,
    protecting,
)
from portal.changes.checks.holdings import SHARED, After, Sharing
from portal.changes.checks.parts import (
    appeared,
    is_active,
    meta_of,
    named,
    plugins_of,
    written,
)
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]
Look = Callable[[str, Document], Iterator[tuple[str, str]]]

AUTH_REMOVED = Code(
    "auth_removed",
    Severity.WARNING,
    gettext_noop("A route that asked its callers who they are no longer does."),
)
AUTH_MISSING = Code(
    "auth_missing",
    Severity.WARNING,
    gettext_noop(
        "A route becomes open to everybody: neither it nor its service, its plugin config or "
        "a global rule asks who calls."
    ),
)
AUTH_OPTIONAL = Code(
    "auth_optional",
    Severity.WARNING,
    gettext_noop(
        "A plugin asks who calls but lets strangers pass, always or sometimes."
    ),
)
RESTRICTION_REMOVED = Code(
    "restriction_removed",
    Severity.WARNING,
    gettext_noop(
        "A plugin that kept some callers out, such as ip-restriction, goes away."
    ),
)
PROTECTION_DISABLED = Code(
    "protection_disabled",
    Severity.WARNING,
    gettext_noop("A plugin that protects is there, but switched off by _meta.disable."),
)


def unprotected(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Compare what protects each route now and after the change.

    Lists global rules once when a route is written, and routes, services and plugin
    configs once when something that routes share no longer protects them.
    """
    asking = asking_plugins(schemas)
    now, then = Guards(live, asking), Guards(After(plan, live), asking)
    shared, own = Sharing(live), {i.id for i in plan.items if i.kind.name == "route"}
    for index, item in enumerate(plan.items):
        off = frozenset(appeared(item, _switched_off(asking)))  # told by `weakened`
        if item.kind.name == "route" and item.wanted is not None:
            before, after = now.of(item.base), then.of(item.wanted)
            yield from _lost(index, "", {"": (before - off, after)}, asking)
            if (
                not (before | off) & asking
                and then.is_open(item.wanted)
                and not now.is_open(item.base)
            ):
                yield AUTH_MISSING.finding(
                    index,
                    "Anybody who reaches the gateway may call it: nothing asks who calls.",
                    "Add a plugin such as key-auth, jwt-auth or openid-connect, allow only "
                    "known addresses with ip-restriction, or say in the reason why it is open.",
                    path="plugins",
                )
        elif item.kind.name in {*SHARED, "global_rule"}:
            base, wanted = plugins_of(item.base), plugins_of(item.wanted)
            if protecting(base, asking) - protecting(wanted, asking) - off:
                for kind in SHARED:
                    live.documents(kind)  # one list, instead of a read for every route
                routes = {
                    route_id: (now.of(route), then.of(route))
                    for route_id, route in shared.routes(
                        item.kind.name, item.id
                    ).items()
                    if route_id not in own
                }
                yield from _lost(index, " of", routes, asking)


def weakened(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Protection that is there by name only."""
    asking = asking_plugins(schemas)
    for index, item, _ in written(plan):
        for name, path in appeared(item, _switched_off(asking)).items():
            yield PROTECTION_DISABLED.finding(
                index,
                f"{name} is written here but switched off, so it protects nothing.",
                f"Remove {path}, or say in the reason why it is off.",
                path=path,
            )
        for path, words in appeared(item, _optional(asking)).items():
            yield AUTH_OPTIONAL.finding(
                index,
                words,
                f"Leave {path} out unless strangers are meant to pass.",
                path=path,
            )


def _lost(
    index: int,
    of: str,
    routes: dict[str, tuple[frozenset[str], frozenset[str]]],
    asking: frozenset[str],
) -> Iterator[Finding]:
    """Say which of {route: (what protects it before, what after)} lose what.

    `of` leads to their names; "" where the item itself is the route.
    """
    unasked = {
        route: before & asking
        for route, (before, after) in routes.items()
        if before & asking and not after & asking
    }
    if unasked:
        yield AUTH_REMOVED.finding(
            index,
            f"Callers{_names(of, unasked)} are no longer asked who they are: "
            f"{_plugins(unasked)} goes away and nothing else asks.",
            "Keep it, put another such plugin in its place, or say in the reason why "
            "everybody may call.",
            path="plugins",
        )
    let_in = {
        route: gone
        for route, (before, after) in routes.items()
        if (gone := (before - after) & KEEPING_OUT)
    }
    if let_in:
        yield RESTRICTION_REMOVED.finding(
            index,
            f"{_plugins(let_in)} no longer keeps callers{_names(of, let_in)} out.",
            "Keep it, or say in the reason why it is not needed any more.",
            path="plugins",
        )


def _names(of: str, routes: dict[str, frozenset[str]]) -> str:
    return of and f"{of} {named(sorted(routes))}"


def _plugins(lost: dict[str, frozenset[str]]) -> str:
    return named(sorted(frozenset[str]().union(*lost.values())))


def _switched_off(asking: frozenset[str]) -> Look:
    """Look for plugins that would protect if they ran."""

    def look(kind: str, document: Document) -> Iterator[tuple[str, str]]:
        for name, settings in plugins_of(document).items():
            if name in asking | KEEPING_OUT and not is_active(settings):
                yield name, f"plugins.{name}._meta.disable"

    return look


def _optional(asking: frozenset[str]) -> Look:
    """Look for settings that let strangers pass: path and words."""

    def look(kind: str, document: Document) -> Iterator[tuple[str, str]]:
        for name, settings in plugins_of(document).items():
            if name in asking and isinstance(settings, dict):
                for field, words in _let_pass(name, settings):
                    yield f"plugins.{name}.{field}", words

    return look


def _let_pass(name: str, settings: Document) -> Iterator[tuple[str, str]]:
    if settings.get("anonymous_consumer"):
        yield (
            "anonymous_consumer",
            f"Callers whom {name} does not know pass as one anonymous consumer.",
        )
    if settings.get("unauth_action") == "pass":
        yield "unauth_action", f"Callers whom {name} does not know pass all the same."
    if settings.get("allow_degradation") is True:
        yield (
            "allow_degradation",
            f"Everybody passes while the server that {name} asks does not answer.",
        )
    if meta_of(settings).get("filter"):
        yield (
            "_meta.filter",
            f"{name} asks only those callers whose requests match its filter.",
        )


SUBJECT = Subject(
    title=gettext_noop("Who may call"),
    matters=gettext_noop(
        "Without it anybody who reaches the gateway may call, as often and from wherever they like."
    ),
    checks=(unprotected, weakened),
    codes=(
        AUTH_REMOVED,
        AUTH_MISSING,
        AUTH_OPTIONAL,
        RESTRICTION_REMOVED,
        PROTECTION_DISABLED,
    ),
)
