"""Plugins that stand between callers and language models.

Facts: https://apisix.apache.org/docs/apisix/plugins/ai-proxy/ and its neighbours.
"""

import re
from typing import Any

from gateway.sandbox import pcre
from gateway.sandbox.schemas.common import CHECKS
from gateway.sandbox.schemas.plugins.shared import REDIS, REQUEST_SIZE, by_policy
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    choice,
    flag,
    mapping,
    needs,
    number,
    obj,
    one_of,
    text,
    whole,
)

_PROVIDERS = (
    *("openai", "deepseek", "aimlapi", "anthropic", "openai-compatible"),
    *("azure-openai", "openrouter", "gemini", "vertex-ai", "bedrock"),
)
_ENDPOINT = re.compile(r"^https?://([^/:]+|\[[0-9a-fA-F:]+\])(:\d+)?(/.*)?$")

_NAMED_TEXTS = obj(patternProperties={"^[a-zA-Z0-9._-]+$": text()})
_HEADER_AND_QUERY = {"header": _NAMED_TEXTS, "query": _NAMED_TEXTS}
_AUTH: Schema = {
    "type": "object",
    "patternProperties": {
        **_HEADER_AND_QUERY,
        "gcp": obj(
            {
                "service_account_json": text(),
                "max_ttl": whole(1),
                "expire_early_secs": whole(0, default=60),
            }
        ),
        "aws": obj(
            {
                "access_key_id": text(1),
                "secret_access_key": text(1),
                "session_token": text(1),
            },
            required=["access_key_id", "secret_access_key"],
        ),
    },
    "additionalProperties": False,
}
_AUTH_SECRETS = (
    *("header", "query", "gcp.service_account_json"),
    *("aws.secret_access_key", "aws.session_token"),
)
_OPTIONS = obj({"model": text()}, additionalProperties=True)
_CONNECTION = {
    "keepalive": flag(True),
    "keepalive_pool": whole(1, default=30),
    "ssl_verify": flag(True),
    **REQUEST_SIZE,
}
_STREAM_LIMITS = {
    "timeout": whole(1, 600000, default=30000),
    "keepalive_timeout": whole(1000, default=60000),
    "max_stream_duration_ms": whole(1),
    "max_response_bytes": whole(1),
    "streaming_flush_interval_ms": whole(0, default=10),
}
_LOGGING = {"logging": obj({"summaries": flag(False), "payloads": flag(False)})}
_PROTOCOL_NAMES = (
    *("openai-chat", "openai-responses", "openai-embeddings"),
    *("anthropic-messages", "bedrock-converse", "passthrough"),
)
_OVERRIDE = obj(
    {
        "endpoint": text(1),
        "llm_options": obj({"max_tokens": whole(1)}, closed=True),
        "request_body": obj(
            {name: obj(additionalProperties=True) for name in _PROTOCOL_NAMES},
            closed=True,
        ),
        "request_body_force_override": flag(False),
    }
)
_PROVIDER_CONF = {"provider_conf": obj({"project_id": text(), "region": text(1)})}
_FAIL_MODE = {"fail_mode": choice("skip", "warn", "error", default="skip")}

_MESSAGE: Schema = {
    "properties": {"role": choice("system", "user", "assistant"), "content": text(1)},
    "required": ["role", "content"],
}


def _secrets(prefix: str) -> list[str]:
    return [f"{prefix}.{name}" for name in _AUTH_SECRETS]


def _bad_endpoint(override: Any) -> bool:
    endpoint = (override or {}).get("endpoint")
    return endpoint is not None and not _ENDPOINT.search(endpoint)


def _proxy(configuration: dict[str, Any]) -> str | None:
    if _bad_endpoint(configuration.get("override")):
        return "invalid endpoint"
    return None


def _proxies(configuration: dict[str, Any]) -> str | None:
    for instance in configuration["instances"]:
        if _bad_endpoint(instance.get("override")):
            return "invalid endpoint"
    if configuration["balancer"].get("algorithm") == "semantic":
        return _semantic(configuration)
    return None


def _semantic(configuration: dict[str, Any]) -> str | None:
    """Check what choosing an instance by meaning needs."""
    options = configuration.get("semantic_opts")
    if options is None:
        words = "must configure `semantic_opts.embeddings`"
        return f"{words} when balancer algorithm is semantic"
    for instance in configuration["instances"]:
        if not instance.get("examples"):
            return (
                f"instance '{instance['name']}': must configure non-empty `examples`"
                " for the semantic algorithm"
            )
    fallback = options.get("fallback")
    names = [instance["name"] for instance in configuration["instances"]]
    if fallback is not None and fallback not in names:
        return f"`semantic_opts.fallback` names unknown instance '{fallback}'"
    return _embeddings(options["embeddings"])


def _embeddings(embeddings: dict[str, Any]) -> str | None:
    endpoint = embeddings.get("endpoint")
    field = "`semantic_opts.embeddings.endpoint`"
    azure = embeddings["provider"] == "azure-openai"
    if azure and endpoint is None:
        return f"must configure {field} when embeddings provider is azure-openai"
    match = _ENDPOINT.search(endpoint) if endpoint is not None else None
    if endpoint is not None and match is None:
        return f"invalid {field}"
    if azure and match is not None and (match.group(3) or "/") == "/":
        return (
            f"{field} for azure-openai must include the full deployment path, e.g."
            " https://{resource}.openai.azure.com/openai/deployments/{deployment}"
            "/embeddings?api-version=..."
        )
    return None


def _guard(configuration: dict[str, Any]) -> str | None:
    for field in ("allow_patterns", "deny_patterns"):
        for pattern in configuration.get(field, ()):
            if pcre.failure(pattern) is not None:
                return f"invalid {field.removesuffix('s')}: {pattern}"
    return None


_EMBEDDING_PROVIDERS = ("openai", "azure-openai")
_ROLES = ["user", "tool", "system"]


def _one_service(name: str) -> Schema:
    service = obj(
        {"endpoint": text(), "api_key": text()}, required=["endpoint", "api_key"]
    )
    return obj({name: service}, required=[name], maxProperties=1)


def _moderation(mode: str, roles: list[str], default: list[str]) -> dict[str, Schema]:
    """Return what every moderation of content has in common."""
    return {
        "check_request": flag(True),
        "check_response": flag(False),
        "deny_code": whole(200, 599, default=200),
        "deny_message": text(),
        "request_check_mode": choice("last", "all", default=mode),
        "request_check_roles": array(
            choice(*roles), 1, uniqueItems=True, default=default
        ),
        "stream_check_mode": choice("realtime", "final_packet", default="final_packet"),
        "stream_check_cache_size": whole(1, default=128),
        "stream_check_interval": number(0.1, default=3),
        "timeout": whole(1, default=10000),
        "keepalive": flag(True),
        "keepalive_timeout": whole(1000, default=60000),
        **_FAIL_MODE,
    }


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

MODELS = [
    Plugin(
        name="ai-proxy",
        priority=1040,
        version=0.5,
        schema=obj(
            {
                "provider": choice(*_PROVIDERS),
                "auth": _AUTH,
                "options": _OPTIONS,
                "override": _OVERRIDE,
                **_PROVIDER_CONF,
                **_LOGGING,
                **_CONNECTION,
                **_STREAM_LIMITS,
            },
            required=["provider", "auth"],
            encrypt_fields=_secrets("auth"),
        ),
        check=_proxy,
    ),
    Plugin(
        name="ai-proxy-multi",
        priority=1041,
        version=0.5,
        schema=obj(
            {
                "instances": array(
                    obj(
                        {
                            "name": text(1, 100),
                            "provider": choice(*_PROVIDERS),
                            "priority": whole(default=0),
                            "weight": whole(0),
                            "auth": _AUTH,
                            "options": _OPTIONS,
                            "override": _OVERRIDE,
                            **_PROVIDER_CONF,
                            "examples": array(text(1), 1, 64),
                            "threshold": number(-1, 1),
                            "checks": obj(
                                {"active": CHECKS["properties"]["active"]},
                                required=["active"],
                            ),
                        },
                        required=["name", "provider", "auth", "weight"],
                    ),
                    1,
                ),
                "balancer": obj(
                    {
                        "algorithm": choice("chash", "roundrobin", "semantic"),
                        "hash_on": choice(
                            *("vars", "header", "cookie", "consumer"),
                            "vars_combinations",
                            default="vars",
                        ),
                        "key": text(),
                    },
                    default={"algorithm": "roundrobin"},
                ),
                "fallback_strategy": any_of(
                    choice(
                        *("instance_health_and_rate_limiting", "http_429", "http_5xx")
                    ),
                    array(choice("rate_limiting", "http_429", "http_5xx")),
                ),
                "semantic_opts": obj(
                    {
                        "embeddings": obj(
                            {
                                "provider": choice(*_EMBEDDING_PROVIDERS),
                                "model": text(1),
                                "endpoint": text(),
                                "auth": obj(
                                    {
                                        "header": mapping(text()),
                                        "query": mapping(text()),
                                    },
                                    closed=True,
                                ),
                                "timeout": whole(1, default=3000),
                                "ssl_verify": flag(True),
                            },
                            required=["provider", "model", "auth"],
                        ),
                        "threshold": number(-1, 1, default=0),
                        "fallback": text(1),
                        "debugging": flag(False),
                    },
                    required=["embeddings"],
                ),
                "max_retries": whole(0),
                "retry_on_failure_within_ms": whole(1),
                **_LOGGING,
                **_CONNECTION,
                **_STREAM_LIMITS,
            },
            required=["instances"],
            encrypt_fields=[
                *_secrets("instances.auth"),
                "semantic_opts.embeddings.auth.header",
                "semantic_opts.embeddings.auth.query",
            ],
        ),
        check=_proxies,
    ),
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
                {
                    "if": {
                        "properties": {"layers": {"contains": {"const": "semantic"}}},
                        "required": ["layers"],
                    },
                    "then": needs("semantic"),
                }
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
        name="ai-prompt-guard",
        priority=1072,
        schema=obj(
            {
                "match_all_roles": flag(False),
                "match_all_conversation_history": flag(False),
                "allow_patterns": array(text(), default={}),
                "deny_patterns": array(text(), default={}),
                **_FAIL_MODE,
                **REQUEST_SIZE,
            }
        ),
        check=_guard,
    ),
    Plugin(
        name="ai-prompt-decorator",
        priority=1070,
        schema=obj(
            {
                "prepend": array(_MESSAGE),
                "append": array(_MESSAGE),
                **REQUEST_SIZE,
            },
            **any_of(needs("prepend"), needs("append"), needs("append", "prepend")),
        ),
    ),
    Plugin(
        name="ai-prompt-template",
        priority=1071,
        schema=obj(
            {
                "templates": array(
                    obj(
                        {
                            "name": text(1),
                            "template": obj(
                                {"model": text(1), "messages": array(_MESSAGE, 1)}
                            ),
                        },
                        required=["name", "template"],
                    ),
                    1,
                ),
                **REQUEST_SIZE,
            },
            required=["templates"],
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
    Plugin(
        name="ai-request-rewrite",
        priority=1073,
        schema=obj(
            {
                "prompt": text(),
                "provider": choice(*_PROVIDERS),
                "auth": obj(_HEADER_AND_QUERY, closed=True),
                "options": _OPTIONS,
                "override": obj({"endpoint": text()}),
                "timeout": whole(1, 60000, default=30000),
                **_CONNECTION,
            },
            required=["prompt", "provider", "auth"],
        ),
        check=_proxy,
    ),
    Plugin(
        name="ai-aws-content-moderation",
        priority=1031,
        schema=obj(
            {
                "comprehend": obj(
                    {
                        "access_key_id": text(),
                        "secret_access_key": text(),
                        "region": text(),
                        "endpoint": text(pattern="^https?://"),
                        "ssl_verify": flag(True),
                    },
                    required=["access_key_id", "secret_access_key", "region"],
                ),
                "moderation_categories": obj(
                    patternProperties={
                        "^(PROFANITY|HATE_SPEECH|INSULT|HARASSMENT_OR_ABUSE"
                        "|SEXUAL|VIOLENCE_OR_THREAT)$": number(0, 1)
                    },
                    closed=True,
                ),
                "moderation_threshold": number(0, 1, default=0.5),
                **_moderation(
                    "all",
                    [*_ROLES, "assistant"],
                    ["user", "tool", "system", "assistant"],
                ),
                "request_check_length_limit": whole(4, 1024, default=1000),
                "response_check_length_limit": whole(4, 1024, default=1000),
            },
            required=["comprehend"],
            encrypt_fields=["comprehend.secret_access_key"],
        ),
    ),
    Plugin(
        name="ai-aliyun-content-moderation",
        priority=1029,
        schema=obj(
            {
                "endpoint": text(1),
                "region_id": text(1),
                "access_key_id": text(1),
                "access_key_secret": text(1),
                **_moderation("last", _ROLES, ["user"]),
                "request_check_service": text(1, default="llm_query_moderation"),
                "request_check_length_limit": whole(1, default=2000),
                "response_check_service": text(1, default="llm_response_moderation"),
                "response_check_length_limit": whole(1, default=5000),
                "risk_level_bar": choice(
                    *("none", "low", "medium", "high", "max"), default="high"
                ),
                "keepalive_pool": whole(1, default=30),
                "ssl_verify": flag(True),
            },
            required=["endpoint", "region_id", "access_key_id", "access_key_secret"],
            encrypt_fields=["access_key_secret"],
        ),
    ),
    Plugin(
        name="ai-lakera-guard",
        priority=1028,
        schema=obj(
            {
                "api_key": text(1),
                "lakera_endpoint": text(
                    pattern="^https?://", default="https://api.lakera.ai/v2/guard"
                ),
                "project_id": text(),
                "direction": choice("input", "output", "both", default="input"),
                "action": choice("block", "alert", default="block"),
                "deny_code": whole(200, 599, default=200),
                "request_failure_message": text(
                    default="Request blocked by Lakera Guard"
                ),
                "response_failure_message": text(
                    default="Response blocked by Lakera Guard"
                ),
                "reveal_failure_categories": flag(False),
                "fail_open": flag(False),
                **_FAIL_MODE,
                "timeout": whole(1, default=5000),
                "ssl_verify": flag(True),
            },
            required=["api_key"],
            encrypt_fields=["api_key"],
        ),
    ),
]
