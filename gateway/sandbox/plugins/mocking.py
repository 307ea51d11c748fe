"""mocking: https://apisix.apache.org/docs/apisix/plugins/mocking/"""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any

from gateway.sandbox.exchange import VERSION, Exchange, Exit
from gateway.sandbox.plugins.base import Plugin, Use

_WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")


class Mocking(Plugin):
    """Answer with an example instead of asking the upstream."""

    name = "mocking"
    priority = 10900

    async def access(self, use: Use, exchange: Exchange) -> Exit | None:
        """Answer with the example, or with one made from the schema."""
        conf = use.conf
        body = conf.get("response_example")
        if body is None:
            body = json.dumps(_made_up(conf.get("response_schema") or {}))
        exchange.answer_headers["content-type"] = conf.get(
            "content_type", "application/json;charset=utf8"
        )
        if conf.get("with_mock_header", True):
            exchange.answer_headers["x-mock-by"] = VERSION
        for name, value in (conf.get("response_headers") or {}).items():
            exchange.answer_headers[name] = exchange.header_value(value)
        if conf.get("delay"):
            await asyncio.sleep(conf["delay"])
        return Exit(conf.get("response_status", 200), exchange.resolve(body))


def _made_up(schema: Mapping[str, Any]) -> Any:
    """Return some value of this JSON Schema; `example` decides where it is given."""
    if "example" in schema:
        return schema["example"]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: _made_up(part) for name, part in properties.items()}
    if kind == "array":
        count = random.randint(1, 3)  # noqa: S311
        return [_made_up(schema.get("items") or {}) for _ in range(count)]
    if kind == "boolean":
        return random.random() < 0.5  # noqa: S311
    if kind == "integer":
        return random.randint(1, 10000)  # noqa: S311
    if kind == "number":
        return round(random.uniform(1, 10000), 2)  # noqa: S311
    return random.choice(_WORDS)  # noqa: S311
