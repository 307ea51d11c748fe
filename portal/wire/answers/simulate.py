"""What programs are told of a request that was tried."""

from typing import Any

from rest_framework import serializers

from gateway.router.match import Match
from gateway.simulate.plugins import PluginUse
from gateway.simulate.trace import Outcome
from gateway.simulate.upstream import Proxied, Target
from portal.changes.simulate import Simulation, sentence
from portal.wire.answers.changes import words
from portal.wire.answers.fit import fit

PLUGINS_ROOM, PLUGINS_LIMIT, NODES_LIMIT = 25_000, 100, 100
Char = serializers.CharField


class OutcomeTold(serializers.Serializer):
    # The parts are told in words: every shape costs room that the document has little of.
    route = serializers.DictField(help_text="id, name; uri and host that fit.")
    plugins = serializers.ListField(
        child=serializers.DictField(),
        help_text="name, from, phase, settings; in order. skipped: why not.",
    )
    upstream = serializers.DictField(
        allow_null=True,
        help_text="nodes {address: weight}, from, path…; others: by traffic-split.",
    )
    next = serializers.ListField(
        child=Char(), help_text="Who would answer if it were gone."
    )
    notes = serializers.ListField(child=Char())


class SimulationAnswer(serializers.Serializer):
    gateway = Char()
    as_of = serializers.DateTimeField()
    now = OutcomeTold(allow_null=True, help_text="null: 404.")
    after = OutcomeTold(allow_null=True, required=False)
    message = Char(help_text="In words.")


def simulated(simulation: Simulation) -> dict[str, Any]:
    """Return what becomes of the request, now and after the change."""
    told: dict[str, Any] = {
        "gateway": simulation.gateway.slug,
        "as_of": simulation.as_of,
        "now": _outcome(simulation.now),
    }
    message = [f"Now: {sentence(simulation.now)}"]
    if simulation.after is not None and simulation.change is not None:
        told["after"] = _outcome(simulation.after)
        message.append(
            f"After change #{simulation.change.number}: {sentence(simulation.after)}"
        )
    message.append(simulation.why_not)
    message.append(
        "Assumes APISIX's default router; what the gateway held when last read."
    )
    return told | {"message": words(" ".join(filter(None, message)))}


def _outcome(outcome: Outcome) -> dict[str, Any] | None:
    match = outcome.match
    if match is None:
        return None
    uses = outcome.plugins[:PLUGINS_LIMIT]
    room = max(200, PLUGINS_ROOM // 2 // max(1, len(uses)))
    return {
        "route": _route(match),
        "plugins": [_plugin(use, room) for use in uses],
        "upstream": _upstream(outcome.proxied) if outcome.proxied else None,
        "next": [one.route_id for one in outcome.next_in_line],
        "notes": [words(note, 500) for note in outcome.notes],
    }


def _route(match: Match) -> dict[str, Any]:
    return {
        "id": match.route_id,
        "name": words(str(match.route.get("name") or ""), 300),
        "uri": match.matched_uri,
        "host": match.matched_host,
        "params": dict(match.params),
    }


def _plugin(use: PluginUse, room: int) -> dict[str, Any]:
    told = {
        "name": use.name,
        "from": use.origin,
        "phase": use.phase,
        "settings": fit(use.settings, room)[0],
    }
    return told if use.runs else told | {"skipped": use.why_not}


def _upstream(proxied: Proxied) -> dict[str, Any]:
    first, *others = proxied.targets
    told = {"method": proxied.method, "path": proxied.path} | _target(first)
    if others:
        told |= {"weight": first.weight, "others": [_target(one) for one in others]}
        for one, other in zip(told["others"], others, strict=True):
            one["weight"] = other.weight
    return told


def _target(target: Target) -> dict[str, Any]:
    told: dict[str, Any] = {
        "from": target.origin,
        "scheme": target.scheme,
        "nodes": {node.address: node.weight for node in target.nodes[:NODES_LIMIT]},
        "host": target.host,
    }
    return told | {"discovery": target.discovery} if target.discovery else told
