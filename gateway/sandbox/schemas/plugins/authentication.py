"""Plugins that ask who calls.

Facts: https://apisix.apache.org/docs/apisix/plugins/key-auth/ and its neighbours.
"""

from typing import Any

from gateway.sandbox.schemas.plugins.shared import (
    ANONYMOUS,
    HIDE,
    REFERENCES,
    from_base64,
    realm,
)
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    array,
    choice,
    flag,
    obj,
    one_of,
    text,
    whole,
)

_SYMMETRIC = ["HS256", "HS384", "HS512"]
_ASYMMETRIC = [
    *("RS256", "RS384", "RS512", "ES256", "ES384", "ES512"),
    *("PS256", "PS384", "PS512", "EdDSA"),
]


def _jwt_consumer(consumer: dict[str, Any]) -> str | None:
    # A secret is only needed where the same one signs and verifies.
    if consumer["algorithm"] not in _SYMMETRIC:
        return None
    if "secret" not in consumer:
        return 'property "secret" is required when using HS based algorithms'
    if consumer["base64_secret"] and from_base64(consumer["secret"]) is None:
        return "base64_secret required but the secret is not in base64 format"
    return None


def _jwe_consumer(consumer: dict[str, Any]) -> str | None:
    if consumer["secret"].startswith(REFERENCES):
        return None
    secret: bytes | None = consumer["secret"].encode()
    if consumer.get("is_base64_encoded"):
        secret = from_base64(consumer["secret"])
    # What it encrypts with takes a key of 256 bits.
    if secret is None or len(secret) != 32:
        return "the secret length should be 32 chars"
    return None


_JWT_CONSUMER = obj(
    {
        "key": text(1),
        "secret": text(1),
        "algorithm": choice(*_SYMMETRIC, *_ASYMMETRIC, default="HS256"),
        "exp": whole(1, default=86400),
        "base64_secret": flag(False),
        "lifetime_grace_period": whole(0, default=0),
    },
    required=["key"],
    dependencies={
        "algorithm": one_of(
            {"properties": {"algorithm": {"enum": _SYMMETRIC, "default": "HS256"}}},
            {
                "properties": {
                    "public_key": text(1),
                    "algorithm": {"enum": _ASYMMETRIC},
                },
                "required": ["public_key"],
            },
        )
    },
    encrypt_fields=["secret"],
)

_DIGESTS = ("hmac-sha1", "hmac-sha256", "hmac-sha512")


def _ldap_advanced(configuration: dict[str, Any]) -> str | None:
    if configuration["use_ldaps"] and configuration["use_starttls"]:
        return "use_ldaps and use_starttls cannot both be true"
    return None


def _multi(configuration: dict[str, Any]) -> str | None:
    # The plugins inside are checked as they would be alone.
    from gateway.sandbox.schemas.plugins import PLUGINS

    for position in configuration["auth_plugins"]:
        for name, inner in position.items() if isinstance(position, dict) else ():
            plugin = PLUGINS.get(name)
            if plugin is None:
                return f"{name} plugin did not found"
            if plugin.sort != "auth":
                return f"{name} plugin is not supported"
            failure = plugin.failure(inner)
            if failure is not None:
                return f"plugin {name} check schema failed: {failure}"
    return None


_OAUTH_SECRETS = {
    "secret": text(8, 32),
    "secret_fallbacks": array(text(8, 32)),
    "set_userinfo_header": flag(True),
    "ssl_verify": flag(True),
}
_OAUTH_ENCRYPTED = ["app_secret", "secret", "secret_fallbacks"]


def _user_dn(**limits: Any) -> Schema:
    return obj({"user_dn": text(**limits)}, required=["user_dn"])


AUTHENTICATION = [
    Plugin(
        name="key-auth",
        priority=2500,
        sort="auth",
        schema=obj(
            {
                "header": text(default="apikey"),
                "query": text(default="apikey"),
                **HIDE,
                **ANONYMOUS,
                **realm("key"),
            }
        ),
        consumer_schema=obj({"key": text()}, required=["key"], encrypt_fields=["key"]),
    ),
    Plugin(
        name="basic-auth",
        priority=2520,
        sort="auth",
        schema=obj({**HIDE, **ANONYMOUS, **realm("basic")}),
        consumer_schema=obj(
            {"password": text(), "username": text()},
            required=["username", "password"],
            encrypt_fields=["password"],
        ),
    ),
    Plugin(
        name="jwt-auth",
        priority=2510,
        sort="auth",
        schema=obj(
            {
                "header": text(default="authorization"),
                "query": text(default="jwt"),
                "cookie": text(default="jwt"),
                **HIDE,
                "key_claim_name": text(1, default="key"),
                "store_in_ctx": flag(False),
                "claims_to_verify": array(choice("exp", "nbf"), uniqueItems=True),
                **realm("jwt"),
                **ANONYMOUS,
            }
        ),
        consumer_schema=_JWT_CONSUMER,
        check_consumer=_jwt_consumer,
    ),
    Plugin(
        name="hmac-auth",
        priority=2530,
        sort="auth",
        schema=obj(
            {
                "allowed_algorithms": array(
                    choice(*_DIGESTS), 1, default=list(_DIGESTS)
                ),
                "clock_skew": whole(1, default=300),
                "signed_headers": array(text(1, 50), default=["date"]),
                "validate_request_body": flag(False),
                "max_req_body_size": whole(1, default=67108864),
                **HIDE,
                **realm("hmac"),
                **ANONYMOUS,
            }
        ),
        consumer_schema=obj(
            {"key_id": text(1, 256), "secret_key": text(1, 256)},
            required=["key_id", "secret_key"],
            encrypt_fields=["secret_key"],
        ),
    ),
    Plugin(
        name="jwe-decrypt",
        priority=2509,
        sort="auth",
        schema=obj(
            {
                "header": text(default="Authorization"),
                "forward_header": text(default="Authorization"),
                "strict": flag(True),
            },
            required=["header", "forward_header"],
        ),
        consumer_schema=obj(
            {"key": text(), "secret": text(), "is_base64_encoded": flag()},
            required=["key", "secret"],
            encrypt_fields=["key", "secret"],
        ),
        check_consumer=_jwe_consumer,
    ),
    Plugin(
        name="ldap-auth",
        priority=2540,
        sort="auth",
        schema=obj(
            {
                "base_dn": text(),
                "ldap_uri": text(),
                "use_tls": flag(False),
                "tls_verify": flag(False),
                "uid": text(default="cn"),
                **HIDE,
                **realm("ldap"),
            },
            required=["base_dn", "ldap_uri"],
        ),
        consumer_schema=_user_dn(),
    ),
    Plugin(
        name="ldap-auth-advanced",
        priority=2541,
        sort="auth",
        schema=obj(
            {
                "ldap_uri": text(1, 256),
                "use_ldaps": flag(False),
                "use_starttls": flag(False),
                "ssl_verify": flag(True),
                "base_dn": text(1, 4096),
                "bind_dn": text(1, 4096),
                "ldap_password": text(1, 4096),
                # An attribute's name or its dotted number, with options.
                "attribute": text(
                    longest=256,
                    pattern="^(?:[A-Za-z][A-Za-z0-9-]*|(?:0|[1-9][0-9]*)"
                    "(?:\\.(?:0|[1-9][0-9]*))+)(?:;[A-Za-z0-9-]+)*$",
                    default="cn",
                ),
                "consumer_required": flag(True),
                "header_type": choice("ldap", "basic", default="ldap"),
                "timeout": whole(1, 60000, default=10000),
                "size_limit": whole(2, default=2),
                "time_limit": whole(0, default=5),
                "keepalive": flag(True),
                "keepalive_timeout": whole(1000, default=60000),
                "keepalive_pool_size": whole(1, default=5),
                "keepalive_pool_name": text(1, 256),
                **realm("ldap"),
            },
            required=["ldap_uri", "base_dn"],
            encrypt_fields=["ldap_password"],
        ),
        check=_ldap_advanced,
        consumer_schema=_user_dn(shortest=1, longest=4096),
    ),
    Plugin(
        name="wolf-rbac",
        priority=2555,
        sort="auth",
        schema=obj(
            {
                "appid": text(default="unset"),
                "server": text(default="http://127.0.0.1:12180"),
                "header_prefix": text(default="X-"),
                "ssl_verify": flag(),
            }
        ),
    ),
    Plugin(
        name="multi-auth",
        priority=2600,
        sort="auth",
        schema=obj({"auth_plugins": array(fewest=2)}, required=["auth_plugins"]),
        check=_multi,
    ),
    Plugin(
        name="dingtalk-auth",
        priority=2430,
        schema=obj(
            {
                "app_key": text(1),
                "app_secret": text(1),
                "code_header": text(1, default="X-DingTalk-Code"),
                "code_query": text(1, default="code"),
                "access_token_url": text(
                    1, default="https://api.dingtalk.com/v1.0/oauth2/accessToken"
                ),
                "userinfo_url": text(
                    1, default="https://oapi.dingtalk.com/topapi/v2/user/getuserinfo"
                ),
                "redirect_uri": text(1),
                "cookie_expires_in": whole(1, default=86400),
                "timeout": whole(1, default=6000),
                **_OAUTH_SECRETS,
            },
            required=["app_key", "app_secret", "secret", "redirect_uri"],
            encrypt_fields=_OAUTH_ENCRYPTED,
        ),
    ),
    Plugin(
        name="feishu-auth",
        priority=2420,
        schema=obj(
            {
                "app_id": text(1),
                "app_secret": text(1),
                "code_header": text(default="X-Feishu-Code"),
                "code_query": text(default="code"),
                "access_token_url": text(
                    default="https://open.feishu.cn/open-apis/authen/v2/oauth/token"
                ),
                "userinfo_url": text(
                    default="https://open.feishu.cn/open-apis/authen/v1/user_info"
                ),
                "auth_redirect_uri": text(),
                "redirect_uri": text(),
                "cookie_expires_in": whole(default=86400),
                "timeout": whole(default=6000),
                **_OAUTH_SECRETS,
            },
            required=[
                *("app_id", "app_secret", "secret"),
                *("auth_redirect_uri", "redirect_uri"),
            ],
            encrypt_fields=_OAUTH_ENCRYPTED,
        ),
    ),
]
