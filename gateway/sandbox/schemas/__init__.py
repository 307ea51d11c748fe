"""The sandbox's own JSON Schemas, written from documented facts."""

from gateway.sandbox.schemas.common import (
    HASH_KEY_OF_HEADER,
    HASH_KEY_OF_VARS,
    UPSTREAM,
)
from gateway.sandbox.schemas.kinds import KIND_SCHEMAS, SECRET_SCHEMAS
from gateway.sandbox.schemas.plugins import PLUGINS, STREAM_PLUGINS

__all__ = [
    "HASH_KEY_OF_HEADER",
    "HASH_KEY_OF_VARS",
    "KIND_SCHEMAS",
    "PLUGINS",
    "SECRET_SCHEMAS",
    "STREAM_PLUGINS",
    "UPSTREAM",
]
