"""Plugins that call functions elsewhere, and those that ask an identity provider.

Facts: https://apisix.apache.org/docs/apisix/plugins/aws-lambda/ and its neighbours.
"""

from gateway.sandbox.schemas.plugins.shared import REQUEST_SIZE
from gateway.sandbox.schemas.registry import Plugin
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    choice,
    flag,
    needs,
    obj,
    one_of,
    text,
    whole,
)

_CONNECTION = {
    "timeout": whole(100, default=3000),
    "ssl_verify": flag(True),
    "keepalive": flag(True),
    "keepalive_timeout": whole(1000, default=60000),
    "keepalive_pool": whole(1, default=5),
}


def _function(
    name: str,
    priority: int,
    authorization: Schema,
    *,
    metadata: Schema | None = None,
    encrypted: list[str],
) -> Plugin:
    return Plugin(
        name=name,
        priority=priority,
        schema=obj(
            {
                "function_uri": text(),
                "authorization": authorization,
                **_CONNECTION,
                **REQUEST_SIZE,
            },
            required=["function_uri"],
            encrypt_fields=encrypted,
        ),
        metadata_schema=metadata,
    )


_SAML_NEEDS = (
    *("sp_issuer", "idp_uri", "idp_cert", "login_callback_uri", "logout_uri"),
    *("logout_callback_uri", "logout_redirect_uri", "sp_cert", "sp_private_key"),
)
# How OpenWhisk names namespaces, packages and actions.
_ENTITY = text(longest=256, pattern="\\A([\\w]|[\\w][\\w@ .-]*[\\w@.-]+)\\z")

CLOUDS = [
    _function(
        "aws-lambda",
        -1899,
        obj(
            {
                "apikey": text(),
                "iam": obj(
                    {
                        "accesskey": text(),
                        "secretkey": text(),
                        "aws_region": text(default="us-east-1"),
                        "service": text(default="execute-api"),
                    },
                    required=["accesskey", "secretkey"],
                ),
            }
        ),
        encrypted=[
            "authorization.apikey",
            "authorization.iam.accesskey",
            "authorization.iam.secretkey",
        ],
    ),
    _function(
        "azure-functions",
        -1900,
        obj({"apikey": text(), "clientid": text()}),
        metadata=obj(
            {"master_apikey": text(default=""), "master_clientid": text(default="")},
            encrypt_fields=["master_apikey"],
        ),
        encrypted=["authorization.apikey"],
    ),
    _function(
        "openfunction",
        -1902,
        # The gateway's own schema checks nothing here.
        {"service_token": text()},
        encrypted=["authorization.service_token"],
    ),
    Plugin(
        name="openwhisk",
        priority=-1901,
        schema=obj(
            {
                "api_host": text(),
                "ssl_verify": flag(True),
                "service_token": text(),
                "namespace": _ENTITY,
                "package": _ENTITY,
                "action": _ENTITY,
                "result": flag(True),
                **REQUEST_SIZE,
                "timeout": whole(1, 60000, default=3000),
                "keepalive": flag(True),
                "keepalive_timeout": whole(1000, default=60000),
                "keepalive_pool": whole(1, default=5),
            },
            required=["api_host", "service_token", "namespace", "action"],
            encrypt_fields=["service_token"],
        ),
    ),
    Plugin(
        name="forward-auth",
        priority=2002,
        schema=obj(
            {
                "uri": text(),
                "allow_degradation": flag(False),
                "status_on_error": whole(200, 599, default=403),
                "ssl_verify": flag(True),
                "request_method": choice("GET", "POST", default="GET"),
                "request_headers": array(text(), default={}),
                "upstream_headers": array(text(), default={}),
                "client_headers": array(text(), default={}),
                "extra_headers": obj(
                    minProperties=1, patternProperties={"^[^:]+$": text()}
                ),
                **REQUEST_SIZE,
                "timeout": whole(1, 60000, default=3000),
                "keepalive": flag(True),
                "keepalive_timeout": whole(1000, default=60000),
                "keepalive_pool": whole(1, default=5),
            },
            required=["uri"],
        ),
    ),
    Plugin(
        name="opa",
        priority=2001,
        schema=obj(
            {
                "host": text(),
                "ssl_verify": flag(True),
                "policy": text(),
                "timeout": whole(1, 60000, default=3000),
                "keepalive": flag(True),
                "send_headers_upstream": array(text(), 1),
                "keepalive_timeout": whole(1000, default=60000),
                "keepalive_pool": whole(1, default=5),
                "with_route": flag(False),
                "with_service": flag(False),
                "with_consumer": flag(False),
            },
            required=["host", "policy"],
        ),
    ),
    Plugin(
        name="authz-casbin",
        priority=2560,
        schema=obj(
            {
                "model_path": text(),
                "policy_path": text(),
                "model": text(),
                "policy": text(),
                "username": text(),
            },
            **one_of(
                needs("model_path", "policy_path", "username"),
                needs("model", "policy", "username"),
            ),
        ),
        metadata_schema=obj(
            {"model": text(), "policy": text()}, required=["model", "policy"]
        ),
    ),
    Plugin(
        name="authz-casdoor",
        priority=2559,
        schema=obj(
            {
                "endpoint_addr": text(pattern="^[^%?]+[^/]$"),
                "client_id": text(),
                "client_secret": text(),
                "callback_url": text(pattern="^[^%?]+[^/]$"),
            },
            required=["callback_url", "endpoint_addr", "client_id", "client_secret"],
            encrypt_fields=["client_secret"],
        ),
    ),
    Plugin(
        name="authz-keycloak",
        priority=2000,
        schema=obj(
            {
                "discovery": text(1, 4096),
                "token_endpoint": text(1, 4096),
                "resource_registration_endpoint": text(1, 4096),
                "client_id": text(1, 100),
                "client_secret": text(1, 100),
                "grant_type": text(
                    1,
                    100,
                    enum=["urn:ietf:params:oauth:grant-type:uma-ticket"],
                    default="urn:ietf:params:oauth:grant-type:uma-ticket",
                ),
                "policy_enforcement_mode": choice(
                    "ENFORCING", "PERMISSIVE", default="ENFORCING"
                ),
                "permissions": array(text(1, 100), uniqueItems=True, default={}),
                "lazy_load_paths": flag(False),
                "http_method_as_scope": flag(False),
                "timeout": whole(1000, default=3000),
                "ssl_verify": flag(True),
                "cache_ttl_seconds": whole(1, default=86400),
                **REQUEST_SIZE,
                "keepalive": flag(True),
                "keepalive_timeout": whole(1000, default=60000),
                "keepalive_pool": whole(1, default=5),
                "access_denied_redirect_uri": text(1, 2048),
                "access_token_expires_in": whole(1, default=300),
                "access_token_expires_leeway": whole(0, default=0),
                "refresh_token_expires_in": whole(1, default=3600),
                "refresh_token_expires_leeway": whole(0, default=0),
                "password_grant_token_generation_incoming_uri": text(1, 4096),
            },
            required=["client_id"],
            encrypt_fields=["client_secret"],
            allOf=[
                any_of(needs("discovery"), needs("token_endpoint")),
                any_of(
                    {"properties": {"lazy_load_paths": {"enum": [False]}}},
                    any_of(
                        needs("discovery"),
                        needs("resource_registration_endpoint"),
                        properties={"lazy_load_paths": {"enum": [True]}},
                    ),
                ),
            ],
        ),
    ),
    Plugin(
        name="cas-auth",
        priority=2597,
        schema=obj(
            {
                "idp_uri": text(),
                "cas_callback_uri": text(),
                "logout_uri": text(),
                "cookie": obj(
                    {
                        "secret": text(32),
                        "secure": flag(True),
                        "samesite": choice("Lax", "None", default="Lax"),
                    },
                    required=["secret"],
                ),
                **REQUEST_SIZE,
            },
            required=["idp_uri", "cas_callback_uri", "logout_uri", "cookie"],
            encrypt_fields=["cookie.secret"],
        ),
    ),
    Plugin(
        name="saml-auth",
        priority=2598,
        schema=obj(
            {
                **{name: text() for name in _SAML_NEEDS},
                "secret": text(8, 32),
                "secret_fallbacks": array(text(8, 32)),
                "auth_protocol_binding_method": choice(
                    "HTTP-Redirect", "HTTP-POST", default="HTTP-Redirect"
                ),
            },
            required=[*_SAML_NEEDS, "secret"],
            encrypt_fields=["sp_private_key", "secret", "secret_fallbacks"],
        ),
    ),
]
