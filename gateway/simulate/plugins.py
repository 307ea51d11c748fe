"""Which plugins a request would meet, and in which order they would run. Pure.

Global rules come first in every phase, by themselves; then what the route, its plugin
config and its service configure. In a phase the higher priority runs first, which
`_meta.priority` may change. Facts: `filter` and `run_global_rules` in
apisix/plugin.lua (3.18), https://apisix.apache.org/docs/apisix/terminology/plugin/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.defaults import filled
from gateway.effective import Document
from gateway.phases import ACCESS, AFTER_UPSTREAM, PHASES, PREFER_ROUTE, first_phase
from gateway.router.vars import InvalidVars, Lookup, compile_vars
from gateway.schemas import Schemas

# {plugin: (settings, where from)}, see effective.py
Configured = Mapping[str, tuple[Any, str]]


@dataclass(frozen=True)
class PluginUse:
    """One plugin as it is configured for a request.

    `settings` have the defaults of its schema filled in. `phase` is where it first
    acts, "" when that is not known. `why_not` says why it does not run.
    """

    name: str
    settings: Any
    origin: str
    is_global: bool
    priority: int
    phase: str
    why_not: str = ""

    @property
    def runs(self) -> bool:
        return not self.why_not

    @property
    def is_after_upstream(self) -> bool:
        """Whether it only sees the answer."""
        return self.phase in AFTER_UPSTREAM


def in_order(uses: list[PluginUse]) -> tuple[PluginUse, ...]:
    """Return them as they run: what stands before the upstream first."""
    return tuple(
        sorted(
            uses,
            key=lambda use: (
                use.is_after_upstream,
                not use.is_global,
                # An unknown phase is taken for the usual one.
                PHASES.index(use.phase or ACCESS),
                -use.priority,
                use.name,
            ),
        )
    )


def plugin_uses(
    configured: Configured,
    global_rules: Mapping[str, Document],
    schemas: Schemas,
    lookup: Lookup | None,
    *,
    why_not: str = "",
) -> tuple[PluginUse, ...]:
    """Return everything that is configured for a request, in order of running.

    `lookup` tells its variables; None where no request is meant: filters let it pass.
    `why_not` says why nothing of the route's own runs, if so.
    """
    preferred = {
        name
        for name, (settings, _) in configured.items()
        if name in PREFER_ROUTE and not _is_disabled(settings)
    }
    uses = [
        _use(name, settings, origin, schemas, lookup, why_not)
        for name, (settings, origin) in configured.items()
    ]
    uses += [
        _use(
            name,
            settings,
            f"global_rule {rule_id}",
            schemas,
            lookup,
            "the route has its own" if name in preferred else "",
            is_global=True,
        )
        for rule_id, rule in sorted(global_rules.items())
        for name, settings in _plugins_of(rule)
    ]
    return in_order(uses)


def _plugins_of(rule: Document) -> Iterator[tuple[str, Any]]:
    plugins = rule.get("plugins")
    if isinstance(plugins, Mapping):
        yield from plugins.items()


def _use(
    name: str,
    settings: Any,
    origin: str,
    schemas: Schemas,
    lookup: Lookup | None,
    why_not: str,
    *,
    is_global: bool = False,
) -> PluginUse:
    meta = _meta(settings)
    priority = meta.get("priority")
    if priority is None:
        priority = schemas.plugins.get(name, {}).get("priority") or 0
    if _is_disabled(settings):
        why_not = "it is switched off"
    elif schemas.plugins and name not in schemas.plugins:
        why_not = "the gateway does not offer it"
    elif not why_not and lookup and not _passes(meta.get("filter"), lookup):
        why_not = "its filter leaves this request out"
    return PluginUse(
        name=name,
        settings=filled(settings, schemas.plugin_schema("route", name)),
        origin=origin,
        is_global=is_global,
        priority=int(priority),
        phase=first_phase(name, settings),
        why_not=why_not,
    )


def _meta(settings: Any) -> Mapping[str, Any]:
    meta = settings.get("_meta") if isinstance(settings, Mapping) else None
    return meta if isinstance(meta, Mapping) else {}


def _is_disabled(settings: Any) -> bool:
    return bool(_meta(settings).get("disable"))


def _passes(rule: Any, lookup: Lookup) -> bool:
    try:
        return compile_vars(rule)(lookup)
    except InvalidVars:
        return True
