"""What all plugins that log have in common.

Facts: https://apisix.apache.org/docs/apisix/batch-processor/ and
https://apisix.apache.org/docs/apisix/plugins/http-logger/.
"""

from typing import Any

from gateway.sandbox import expressions
from gateway.sandbox.schemas.common import PORT
from gateway.sandbox.schemas.plugins.shared import (
    BATCH,
    LOG_BODIES,
    LOG_FORMAT,
    PENDING,
)
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    array,
    choice,
    obj,
    text,
)

METADATA = obj({**LOG_FORMAT, **PENDING})


def bodies_failure(configuration: dict[str, Any]) -> str | None:
    """Return what is wrong with the expressions about bodies, or None."""
    for field in ("include_req_body_expr", "include_resp_body_expr"):
        failure = expressions.failure(configuration.get(field))
        if failure is not None:
            return f"failed to validate the '{field}' expression: {failure}"
    return None


def logger(
    name: str,
    priority: int,
    properties: dict[str, Schema],
    *,
    required: list[str] | None = None,
    title: str | None = None,
    metadata: Schema | None = None,
    formats: bool = True,
    bodies: bool = True,
    **more: Any,
) -> Plugin:
    """Return a plugin that sends batches of entries somewhere.

    `title` is what its batches are called; `formats` and `bodies` say whether people
    may shape entries and have bodies in them.
    """
    return Plugin(
        name=name,
        priority=priority,
        schema=obj(
            {
                "name": text(default=title or name),
                **(LOG_FORMAT if formats else {}),
                **(LOG_BODIES if bodies else {}),
                **BATCH,
                **properties,
            },
            required=required,
            **more,
        ),
        check=bodies_failure,
        metadata_schema=metadata or METADATA,
    )


def brokers(*mechanisms: str) -> Schema:
    """Return the schema of Kafka brokers that know these ways to sign in."""
    credentials = obj(
        {
            "mechanism": choice(*mechanisms, default="PLAIN"),
            "user": text(),
            "password": text(),
        },
        required=["user", "password"],
    )
    broker = obj(
        {"host": text(), "port": PORT, "sasl_config": credentials},
        required=["host", "port"],
    )
    return array(broker, 1, uniqueItems=True)
