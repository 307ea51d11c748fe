"""Plugins that answer for a language model, or look things up for it.

Facts: https://apisix.apache.org/docs/apisix/plugins/ai-cache/ and its neighbours.
"""

from gateway.sandbox.schemas.plugins.shared import REDIS, by_policy
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    array,
    choice,
    flag,
    needs,
    number,
    obj,
    one_of,
    text,
    when,
    whole,
)

_FAIL_MODE = {"fail_mode": choice("skip", "warn", "error", default="skip")}


def _one_service(name: str) -> Schema:
    service = obj(
        {"endpoint": text(), "api_key": text()}, required=["endpoint", "api_key"]
    )
    return obj({name: service}, required=[name], maxProperties=1)


_EMBEDDING = {
    "api_key": text(),
    "dimensions": whole(1),
    "timeout": whole(1, default=5000),
    "ssl_verify": flag(True),
}

_SEMANTIC_CACHE = obj(
    {
        "similarity_threshold": number(0, 1, default=0.95),
        "top_k": whole(1, default=1),
        "distance_metric": {"enum": ["cosine"], "default": "cosine"},
        "ttl": whole(1, default=86400),
        "match": obj(
            {
                "message_countback": whole(1, default=1),
                "ignore_system_prompts": flag(True),
                "ignore_assistant_prompts": flag(True),
                "ignore_tool_prompts": flag(True),
            },
            default={},
        ),
        "embedding": obj(
            {
                "openai": obj(
                    {"endpoint": text(), "model": text(), **_EMBEDDING},
                    required=["model", "api_key"],
                ),
                "azure_openai": obj(
                    {"endpoint": text(), **_EMBEDDING},
                    required=["endpoint", "api_key"],
                ),
            },
            **one_of(needs("openai"), needs("azure_openai")),
        ),
        "vector_search": obj(
            {"redis": obj({"index": text(default="ai-cache")}, default={})},
            required=["redis"],
        ),
    },
    required=["embedding", "vector_search"],
)


RETRIEVAL = [
    Plugin(
        name="ai-cache",
        priority=1035,
        schema=obj(
            {
                "layers": array(
                    {"enum": ["exact", "semantic"]},
                    1,
                    uniqueItems=True,
                    contains={"const": "exact"},
                    default=["exact"],
                ),
                "exact": obj({"ttl": whole(1, default=3600)}, default={}),
                "semantic": _SEMANTIC_CACHE,
                "cache_key": obj(
                    {
                        "share_across_routes": flag(False),
                        "include_consumer": flag(False),
                        "include_vars": array(text(), default={}),
                    },
                    default={},
                ),
                "max_cache_body_size": whole(0, default=1048576),
                "cache_headers": flag(True),
                **_FAIL_MODE,
                "bypass_on": array(
                    obj(
                        {"header": text(1), "equals": text()},
                        required=["header", "equals"],
                    ),
                    1,
                ),
                "policy": choice("redis", default="redis"),
            },
            allOf=[
                when(
                    {
                        "properties": {"layers": {"contains": {"const": "semantic"}}},
                        "required": ["layers"],
                    },
                    needs("semantic"),
                )
            ],
            encrypt_fields=[
                "redis_password",
                "semantic.embedding.openai.api_key",
                "semantic.embedding.azure_openai.api_key",
            ],
            **by_policy(("redis", REDIS)),
        ),
    ),
    Plugin(
        name="ai-rag",
        priority=1060,
        schema=obj(
            {
                "embeddings_provider": _one_service("azure_openai"),
                "vector_search_provider": _one_service("azure_ai_search"),
                "ssl_verify": flag(True),
            },
            required=["embeddings_provider", "vector_search_provider"],
            encrypt_fields=[
                "embeddings_provider.azure_openai.api_key",
                "vector_search_provider.azure_ai_search.api_key",
            ],
        ),
    ),
]
