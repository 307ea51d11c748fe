"""What plugins a gateway offers, and what settings they take."""

from typing import Any

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.accounts.which_gateway import choose_gateway
from portal.changes.offered import offered
from portal.wire import examples
from portal.wire.answers.fit import fit, page_of
from portal.wire.answers.shapes import PluginAnswer, PluginPage
from portal.wire.inputs.fields import unknown
from portal.wire.inputs.query import GatewayQuery, PluginsQuery, page_size
from portal.wire.operation import ONE, Answer, Given, InPath, Operation
from portal.wire.paging import make_cursor, read_cursor

SCHEMA_ROOM = 25_000
SUMMARY_LIMIT = 200


def _list_plugins(actor: Actor, given: Given) -> Answer:
    query = PluginsQuery.of(given.query)
    after = read_cursor("plugins", query.get("cursor"))
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    plugins = offered(gateway).plugins
    wanted = (query.get("search") or "").lower().split()
    names = [
        name
        for name in sorted(plugins)
        if (after is None or name > after) and all(word in name for word in wanted)
    ]
    results, last = page_of(
        names,
        limit=page_size(query),
        shape=lambda name: {
            "name": name,
            "priority": _priority(plugins[name]),
            "summary": summary(plugins[name].get("schema")),
        },
        key=lambda name: name,
    )
    return Answer(
        body={
            "gateway": gateway.slug,
            "results": results,
            "next": make_cursor("plugins", last),
            "as_of": gateway.answered_at,
        }
    )


def _get_plugin(actor: Actor, given: Given) -> Answer:
    name = given.path["name"]
    query = GatewayQuery.of(given.query)
    gateway = choose_gateway(query.get("gateway"), actor=actor)
    schemas = offered(gateway)
    plugin = schemas.plugins.get(name) or schemas.stream_plugins.get(name)
    if plugin is None:
        close = unknown(name, sorted(schemas.plugins)).partition(". ")[2]
        raise NotVisible(
            f"Gateway {gateway.slug} has no plugin {name[:80]!r}. "
            + (close if close.startswith("Did") else "See listPlugins."),
            field="name",
        )
    return Answer(body=told(name, plugin, gateway))


def told(name: str, plugin: dict[str, Any], gateway: Gateway) -> dict[str, Any]:
    """Return what a program may know of a plugin; long schemas are cut and say so."""
    answer: dict[str, Any] = {
        "gateway": gateway.slug,
        "as_of": gateway.answered_at,
        "name": name,
        "priority": _priority(plugin),
    }
    cut = []
    for which in ("schema", "consumer_schema", "metadata_schema"):
        schema = plugin.get(which)
        shown, was_cut = fit(schema, SCHEMA_ROOM)
        if was_cut:
            cut.append(which)
        if isinstance(schema, dict) and not isinstance(shown, dict):
            shown = {}
        answer[which] = shown if isinstance(shown, dict) else None
    answer["schema"] = answer["schema"] or {}
    if cut:
        answer["note"] = (
            f"Too long for one answer, so parts of {', '.join(cut)} are left out; all of it: "
            f"https://apisix.apache.org/docs/apisix/plugins/{name}/"
        )
    return answer


def summary(schema: Any) -> str:
    """Name the settings of a schema in short: the required ones first."""
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        return ""
    required = schema.get("required")
    needed = [str(name) for name in required] if isinstance(required, list) else []
    others = sorted(
        str(name)
        for name in schema["properties"]
        if name not in needed and name != "_meta"
    )
    parts = [", ".join(needed)] if needed else []
    if others:
        parts.append(f"optional: {', '.join(others)}")
    text = "; ".join(parts)
    return text if len(text) <= SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 1] + "…"


def _priority(plugin: dict[str, Any]) -> int | None:
    priority = plugin.get("priority")
    return priority if isinstance(priority, int) else None


LIST_PLUGINS = Operation(
    id="listPlugins",
    title="List the plugins the gateway offers",
    words="Names of the plugins this gateway has and what settings each takes, in "
    "short, ordered by name. For the full schema of one call getPlugin.",
    query=PluginsQuery,
    errors=ONE,
    answer=PluginPage,
    answer_words="A page of plugins.",
    answer_example=examples.page(
        {
            "name": "limit-count",
            "priority": 1002,
            "summary": "count, time_window; optional: key, rejected_code",
        },
        gateway="default",
    ),
    run=_list_plugins,
)
GET_PLUGIN = Operation(
    id="getPlugin",
    title="Read the settings one plugin takes",
    words="One plugin with the JSON Schema of its settings, as the gateway itself "
    "reports it. Read it before proposing settings of a plugin you are not sure about.",
    path=(
        InPath(
            name="name",
            words="The plugin's name, from listPlugins.",
            example="limit-count",
        ),
    ),
    query=GatewayQuery,
    errors=ONE,
    answer=PluginAnswer,
    answer_words="The plugin.",
    answer_example={
        "gateway": "default",
        "as_of": examples.AS_OF,
        "name": "limit-count",
        "priority": 1002,
        "schema": {
            "type": "object",
            "properties": {"count": {"type": "integer"}},
            "required": ["count"],
        },
        "consumer_schema": None,
        "metadata_schema": None,
    },
    run=_get_plugin,
)
