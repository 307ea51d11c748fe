"""Plugins that change bodies: transform, compress, surround.

Facts: https://apisix.apache.org/docs/apisix/plugins/body-transformer/ and its neighbours.
"""

from gateway.sandbox.schemas.plugins.shared import ANSWER_SIZE, REQUEST_SIZE
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    flag,
    needs,
    obj,
    text,
    whole,
)


def _compression(**more: Schema) -> dict[str, Schema]:
    return {
        "types": any_of(array(text(1), 1), {"enum": ["*"]}, default=["text/html"]),
        "min_length": whole(1, default=20),
        "comp_level": whole(1, 9, default=1),
        "http_version": {"enum": [1.1, 1], "default": 1.1},
        "vary": flag(),
        **more,
    }


_BODY_FORMAT = text(
    enum=["xml", "json", "encoded", "args", "plain", "multipart"],
)

_TRANSFORMATION = obj(
    {
        "input_format": _BODY_FORMAT,
        "template": text(),
        "template_is_base64": flag(),
    },
    required=["template"],
)


BODIES = [
    Plugin(
        name="body-transformer",
        priority=1080,
        schema=obj(
            {
                "request": _TRANSFORMATION,
                "response": _TRANSFORMATION,
                **REQUEST_SIZE,
                **ANSWER_SIZE,
            },
            **any_of(needs("request"), needs("response"), needs("request", "response")),
        ),
    ),
    Plugin(
        name="gzip",
        priority=995,
        schema=obj(
            _compression(
                buffers=obj(
                    {"number": whole(1, default=32), "size": whole(1, default=4096)},
                    default={"number": 32, "size": 4096},
                )
            )
        ),
    ),
    Plugin(
        name="brotli",
        priority=996,
        schema=obj(
            _compression(
                comp_level=whole(0, 11, default=6),
                mode=whole(0, 2, default=0),
                lgwin=whole(default=19, enum=[0, *range(10, 25)]),
                lgblock=whole(default=0, enum=[0, *range(16, 25)]),
            )
        ),
    ),
    Plugin(
        name="echo",
        priority=412,
        schema=obj(
            {
                "before_body": text(),
                "body": text(),
                "after_body": text(),
                "headers": obj(minProperties=1),
            },
            **any_of(needs("before_body"), needs("body"), needs("after_body")),
            minProperties=1,
        ),
    ),
]
