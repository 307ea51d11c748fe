"""Plugins that look at what is said to language models, and at what they say.

Facts: https://apisix.apache.org/docs/apisix/plugins/ai-prompt-guard/ and its neighbours.
"""

from typing import Any

from gateway.sandbox import pcre
from gateway.sandbox.schemas.plugins.shared import REQUEST_SIZE
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    choice,
    flag,
    needs,
    number,
    obj,
    text,
    whole,
)

_FAIL_MODE = {"fail_mode": choice("skip", "warn", "error", default="skip")}

_MESSAGE: Schema = {
    "properties": {"role": choice("system", "user", "assistant"), "content": text(1)},
    "required": ["role", "content"],
}


def _guard(configuration: dict[str, Any]) -> str | None:
    for field in ("allow_patterns", "deny_patterns"):
        for pattern in configuration.get(field, ()):
            if pcre.failure(pattern) is not None:
                return f"invalid {field.removesuffix('s')}: {pattern}"
    return None


_ROLES = ["user", "tool", "system"]


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


PROMPTS = [
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
]
