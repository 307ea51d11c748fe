"""openid-connect, the plugin with the most to say.

Facts: https://apisix.apache.org/docs/apisix/plugins/openid-connect/.
"""

from typing import Any

from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    any_of,
    array,
    choice,
    flag,
    has,
    needs,
    obj,
    text,
    unless,
    when,
    whole,
)

# How the library below the plugin names what the plugin groups.
_RENAMED = {
    "use_dpop": "dpop.enabled",
    "dpop_signing_alg": "dpop.signing_alg",
    "dpop_private_key": "dpop.private_key",
    "dpop_public_jwk": "dpop.public_jwk",
    "use_par": "par.enabled",
    "par_endpoint": "par.endpoint",
}


def _check(configuration: dict[str, Any]) -> str | None:
    for name, instead in _RENAMED.items():
        if name in configuration:
            return f'property "{name}" is not allowed, use "{instead}" instead'
    if not configuration["bearer_only"] and "session" not in configuration:
        return 'property "session.secret" is required when "bearer_only" is false'
    return None


_TEXTS = (
    *("client_rsa_private_key", "client_rsa_private_key_id", "cache_segment"),
    *("client_jwt_assertion_audience", "introspection_expiry_claim"),
)
_SECONDS = ("access_token_expires_in", "refresh_session_interval")
_PERIODS = {
    "access_token_expires_leeway": 0,
    "client_jwt_assertion_expires_in": 60,
    "iat_slack": 120,
    "introspection_interval": 0,
    "jwk_expires_in": 86400,
}
_SWITCHES = {
    "accept_none_alg": False,
    "accept_unsupported_alg": True,
    "force_reauthorize": False,
    "jwt_verification_cache_ignore": False,
    "renew_access_token_on_expiry": True,
    "revoke_tokens_on_logout": False,
    "use_jwks": False,
    "use_nonce": False,
    "use_pkce": False,
    "set_access_token_header": True,
    "access_token_in_authorization_header": False,
    "set_id_token_header": True,
    "set_raw_id_token_header": False,
    "set_userinfo_header": True,
    "set_refresh_token_header": False,
}
# The private parts of a JSON Web Key, none of which may stand in a public one.
_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_DPOP = obj(
    {
        "enabled": flag(False),
        "signing_alg": choice("ES256", "RS256", "PS256", default="ES256"),
        "private_key": text(),
        "public_jwk": obj(**unless(any_of(*(needs(name) for name in _PRIVATE_PARTS)))),
    },
    closed=True,
    **when(
        {"properties": {"enabled": {"const": True}}},
        needs("private_key", "public_jwk"),
    ),
)
_PAR = obj(
    {
        "enabled": flag(False),
        "endpoint": text(),
        "endpoint_auth_method": choice(
            *("client_secret_basic", "client_secret_post"),
            *("private_key_jwt", "client_secret_jwt"),
        ),
    },
    closed=True,
)
_SESSION_REDIS = obj(
    {
        "host": text(2, default="127.0.0.1"),
        "port": whole(1, default=6379),
        "username": text(1),
        "password": text(0),
        "database": whole(0, default=0),
        "prefix": text(default="sessions"),
        "ssl": flag(False),
        "ssl_verify": flag(True),
        "server_name": text(),
        "connect_timeout": whole(1, default=1000),
        "send_timeout": whole(1, default=1000),
        "read_timeout": whole(1, default=1000),
        "keepalive_timeout": whole(1000, default=10000),
    }
)
_SESSION = obj(
    {
        "secret": text(16),
        "cookie": obj({"lifetime": whole()}),
        "storage": choice("cookie", "redis", default="cookie"),
        "redis": _SESSION_REDIS,
        **{name: text() for name in ("cookie_name", "cookie_path", "cookie_domain")},
        **{name: flag() for name in ("cookie_secure", "cookie_http_only")},
        "cookie_same_site": choice("Strict", "Lax", "None", "Default"),
        **{
            name: whole()
            for name in ("idling_timeout", "rolling_timeout", "absolute_timeout")
        },
    },
    required=["secret"],
    closed=True,
    **when(has("storage", "redis"), needs("redis")),
)

OPENID = [
    Plugin(
        name="openid-connect",
        priority=2599,
        version=0.2,
        schema=obj(
            {
                "client_id": text(),
                "client_secret": text(),
                "discovery": text(),
                "scope": text(default="openid"),
                "ssl_verify": flag(True),
                "timeout": whole(1, default=3),
                "token_endpoint_auth_method": text(default="client_secret_basic"),
                **{name: text() for name in _TEXTS},
                **{name: whole() for name in _SECONDS},
                **{name: whole(default=value) for name, value in _PERIODS.items()},
                **{name: flag(value) for name, value in _SWITCHES.items()},
                "client_jwt_assertion_alg": choice(
                    "HS256", "HS512", "RS256", "RS512", "ES256", "ES512"
                ),
                "introspection_addon_headers": array(text(pattern="^[^:]+$"), 1),
                "claim_schema": obj(),
                "dpop": _DPOP,
                "par": _PAR,
                "introspection_endpoint": text(),
                "introspection_endpoint_auth_method": text(
                    default="client_secret_basic"
                ),
                "bearer_only": flag(False),
                "session": _SESSION,
                "realm": text(default="apisix"),
                "claim_validator": obj(
                    {
                        "issuer": obj({"valid_issuers": array(text())}),
                        "audience": obj(
                            {
                                "claim": text(default="aud"),
                                "required": flag(False),
                                "match_with_client_id": flag(False),
                            }
                        ),
                    }
                ),
                "logout_path": text(default="/logout"),
                "redirect_uri": text(),
                "post_logout_redirect_uri": text(),
                "unauth_action": choice("auth", "deny", "pass", default="auth"),
                "public_key": text(),
                "token_signing_alg_values_expected": text(),
                "proxy_opts": obj(
                    {
                        name: text()
                        for name in (
                            *("http_proxy", "https_proxy", "no_proxy"),
                            *("http_proxy_authorization", "https_proxy_authorization"),
                        )
                    }
                ),
                "authorization_params": obj(),
                "required_scopes": array(text()),
            },
            required=["client_id", "discovery"],
            encrypt_fields=[
                *("client_secret", "client_rsa_private_key", "dpop.private_key"),
                *("session.secret", "session.redis.password"),
            ],
        ),
        check=_check,
    ),
]
