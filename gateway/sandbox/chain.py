"""Which plugins run for a request, from where, in which order; and running them.

A plugin of the consumer replaces that of its group, that one the route's, then the
plugin config's, then the service's. Global rules run first and by themselves. Order is
by priority, which `_meta.priority` may change. Facts from
https://apisix.apache.org/docs/apisix/terminology/plugin/.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.router.vars import InvalidVars, compile_vars
from gateway.sandbox.configuration import Configuration
from gateway.sandbox.exchange import Exchange, Exit, Reply
from gateway.sandbox.plugins.base import Plugin, Use

# (where it was written, {plugin: configuration}, is it the consumer's)
Layer = tuple[str, Mapping[str, Any], bool]


@dataclass
class Chain:
    """The plugins in effect for one request."""

    of_everybody: list[Use] = field(default_factory=list)
    of_route: list[Use] = field(default_factory=list)


def uses(
    layers: Iterable[Layer],
    offered: Mapping[str, Plugin],
    configuration: Configuration,
    exchange: Exchange,
) -> list[Use]:
    """Return what is in effect of these layers (weakest first), in order of running."""
    effective: dict[str, tuple[str, Mapping[str, Any], bool]] = {}
    for parent, plugins, is_consumer in layers:
        for name, written in plugins.items():
            # `[]` is an empty object to the gateway.
            conf = written if isinstance(written, Mapping) else {}
            is_new = is_consumer and (name not in effective or effective[name][2])
            effective[name] = (parent, conf, is_new)
    found: list[Use] = []
    for name, (parent, conf, is_from_consumer) in effective.items():
        meta = conf.get("_meta") or {}
        if meta.get("disable"):
            continue
        if name not in offered:
            exchange.ignore(name)
            continue
        if meta.get("pre_function"):
            exchange.ignore(f"{name}._meta.pre_function")
        metadata = configuration.metadata.get(name, {})
        found.append(
            Use(offered[name], conf, parent, configuration, metadata, is_from_consumer)
        )
    return sorted(found, key=_order)


def _order(use: Use) -> int:
    wanted = (use.conf.get("_meta") or {}).get("priority")
    return -(use.plugin.priority if wanted is None else wanted)


async def rewrite(uses_: Iterable[Use], exchange: Exchange) -> Exit | None:
    """Run the rewrite phase up to the first answer."""
    for use in uses_:
        if _runs(use, "rewrite", exchange):
            answer = await use.plugin.rewrite(use, exchange)
            if answer is not None:
                return _as_configured(use, answer)
    return None


async def access(uses_: Iterable[Use], exchange: Exchange) -> Exit | None:
    """Run the access phase up to the first answer."""
    for use in uses_:
        if _runs(use, "access", exchange):
            answer = await use.plugin.access(use, exchange)
            if answer is not None:
                return _as_configured(use, answer)
    return None


async def filters(uses_: list[Use], exchange: Exchange, reply: Reply) -> None:
    """Let every plugin change the answer: first all headers, then the body."""
    for use in uses_:
        if _runs(use, "header_filter", exchange):
            await use.plugin.header_filter(use, exchange, reply)
    for use in uses_:
        if _runs(use, "body_filter", exchange):
            await use.plugin.body_filter(use, exchange, reply)


def _runs(use: Use, hook: str, exchange: Exchange) -> bool:
    if getattr(type(use.plugin), hook) is getattr(Plugin, hook):
        return False
    rule = (use.conf.get("_meta") or {}).get("filter")
    if not rule:
        return True
    # Decided once a request: what an earlier phase changes must not split a plugin.
    place = ("_meta.filter", use.parent, use.plugin.name)
    if place not in exchange.notes:
        try:
            exchange.notes[place] = compile_vars(rule)(exchange.variable)
        except InvalidVars:
            exchange.notes[place] = True
    return bool(exchange.notes[place])


def _as_configured(use: Use, answer: Exit) -> Exit:
    words = (use.conf.get("_meta") or {}).get("error_response")
    return replace(answer, body=words) if words and answer.status >= 400 else answer
