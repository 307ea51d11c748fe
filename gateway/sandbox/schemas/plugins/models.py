"""Plugins that stand between callers and language models.

Facts: https://apisix.apache.org/docs/apisix/plugins/ai-proxy/ and its neighbours.
"""

import re
from typing import Any

from gateway.sandbox.schemas.common import CHECKS
from gateway.sandbox.schemas.plugins.shared import REQUEST_SIZE
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    choice,
    flag,
    mapping,
    number,
    obj,
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


_EMBEDDING_PROVIDERS = ("openai", "azure-openai")


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
]
