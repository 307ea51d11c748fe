"""The schema of each kind of resource.

Facts: https://apisix.apache.org/docs/apisix/admin-api/ and, for secrets,
https://apisix.apache.org/docs/apisix/terminology/secret/.
"""

from gateway.sandbox.schemas.common import (
    CERT,
    DESC,
    HOST,
    ID,
    LABELS,
    METHODS,
    ONE_PLUGIN,
    PLUGINS,
    PORT,
    PRIVATE_KEY,
    REMOTE_ADDR,
    TIMEOUT,
    TIMESTAMP,
    UPSTREAM,
    URI,
    described,
)
from gateway.sandbox.schemas.words import (
    Schema,
    any_of,
    array,
    choice,
    flag,
    has,
    needs,
    obj,
    one_of,
    text,
    unless,
    when,
    whole,
)


def _at_most_one(one: str, many: str) -> Schema:
    neither = unless(any_of(needs(one), needs(many)))
    return one_of(neither, needs(one), needs(many))


_ROUTE = obj(
    described(
        uri=text(1, 4096),
        uris=array(text(), 1, uniqueItems=True),
        priority=whole(default=0),
        timeout=TIMEOUT,
        methods=array(choice(*METHODS), uniqueItems=True),
        host=HOST,
        hosts=array(HOST, 1, uniqueItems=True),
        remote_addr=REMOTE_ADDR,
        remote_addrs=array(REMOTE_ADDR, 1, uniqueItems=True),
        vars=array(),
        filter_func=text(10, pattern="^function"),
        script=text(10, 102400),
        script_id=ID,
        plugins=PLUGINS,
        plugin_config_id=ID,
        upstream=UPSTREAM,
        service_id=ID,
        upstream_id=ID,
        enable_websocket=flag(),
        status={"type": "integer", "enum": [1, 0], "default": 1},
    ),
    closed=True,
    allOf=[
        one_of(needs("uri"), needs("uris")),
        _at_most_one("host", "hosts"),
        _at_most_one("remote_addr", "remote_addrs"),
    ],
    anyOf=[
        needs("plugins", "uri"),
        needs("upstream", "uri"),
        needs("upstream_id", "uri"),
        needs("service_id", "uri"),
        needs("plugins", "uris"),
        needs("upstream", "uris"),
        needs("upstream_id", "uris"),
        needs("service_id", "uris"),
        needs("script", "uri"),
        needs("script", "uris"),
    ],
    # A script takes the place of plugins.
    **unless(any_of(needs("script", "plugins"), needs("script", "plugin_config_id"))),
)

_SERVICE = obj(
    described(
        plugins=PLUGINS,
        upstream=UPSTREAM,
        upstream_id=ID,
        script=text(10, 102400),
        enable_websocket=flag(),
        hosts=array(HOST, 1, uniqueItems=True),
    ),
    closed=True,
)

_CONSUMER = obj(
    {
        "username": text(1, 256, pattern="^[a-zA-Z0-9_\\-]+$"),
        "id": ID,
        "group_id": ID,
        "plugins": PLUGINS,
        "labels": LABELS,
        "desc": DESC,
        "create_time": TIMESTAMP,
        "update_time": TIMESTAMP,
    },
    required=["username"],
    closed=True,
)

_CREDENTIAL = obj(described(plugins=ONE_PLUGIN), closed=True)

_PLUGIN_SET = obj(
    described(plugins=PLUGINS, name=text()),
    required=["id", "plugins"],
    closed=True,
)

_GLOBAL_RULE = obj(
    {
        "id": ID,
        "plugins": PLUGINS,
        "create_time": TIMESTAMP,
        "update_time": TIMESTAMP,
    },
    required=["id", "plugins"],
    closed=True,
)

_SSL = obj(
    {
        "id": ID,
        "type": choice("server", "client", default="server"),
        "cert": CERT,
        "key": PRIVATE_KEY,
        "sni": HOST,
        "snis": array(HOST, 1),
        "certs": array(CERT),
        "keys": array(PRIVATE_KEY),
        "client": obj(
            {
                "ca": CERT,
                "depth": whole(0, default=1),
                "skip_mtls_uri_regex": array(text(), 1, uniqueItems=True),
            },
            required=["ca"],
        ),
        "ocsp_stapling": obj(
            {
                "enabled": flag(False),
                "skip_verify": flag(False),
                "cache_ttl": whole(60, default=3600),
            }
        ),
        "ssl_protocols": array(
            {"enum": ["TLSv1.1", "TLSv1.2", "TLSv1.3"]}, most=3, uniqueItems=True
        ),
        "status": {"type": "integer", "enum": [1, 0], "default": 1},
        "labels": LABELS,
        "desc": DESC,
        "create_time": TIMESTAMP,
        "update_time": TIMESTAMP,
    },
    closed=True,
    **when(
        has("type", "server"),
        one_of(needs("sni", "key", "cert"), needs("snis", "key", "cert")),
        needs("key", "cert"),
    ),
)

_STREAM_ROUTE = obj(
    described(
        remote_addr=REMOTE_ADDR,
        server_addr=REMOTE_ADDR,
        server_port=PORT,
        sni=HOST,
        upstream=UPSTREAM,
        upstream_id=ID,
        service_id=ID,
        plugins=PLUGINS,
        protocol=obj(
            {
                "name": text(),
                "superior_id": ID,
                "conf": obj(),
                "logger": array(
                    {
                        "properties": {
                            "name": text(),
                            "filter": array(),
                            "conf": obj(),
                        },
                        "dependencies": {"name": ["conf"]},
                        "additionalProperties": False,
                    }
                ),
            },
            required=["name"],
        ),
    ),
    closed=True,
)

_PROTO = obj(
    described(content=text(1, 1048576)),
    required=["content"],
    closed=True,
)

KIND_SCHEMAS: dict[str, Schema] = {
    "route": _ROUTE,
    "service": _SERVICE,
    "upstream": UPSTREAM,
    "consumer": _CONSUMER,
    "credential": _CREDENTIAL,
    "consumer_group": obj(
        described(plugins=PLUGINS), required=["id", "plugins"], closed=True
    ),
    "plugin_config": _PLUGIN_SET,
    "global_rule": _GLOBAL_RULE,
    "ssl": _SSL,
    "stream_route": _STREAM_ROUTE,
    "proto": _PROTO,
}

_STAMPED = {
    "id": text(),
    "create_time": TIMESTAMP,
    "update_time": TIMESTAMP,
}

SECRET_SCHEMAS: dict[str, Schema] = {
    "vault": obj(
        {
            "token": text(),
            "prefix": text(),
            "uri": URI,
            "namespace": text(),
            **_STAMPED,
        },
        required=["uri", "prefix", "token"],
    ),
    "aws": obj(
        {
            "access_key_id": text(),
            "secret_access_key": text(),
            "session_token": text(),
            "region": text(default="us-east-1"),
            "endpoint_url": URI,
            **_STAMPED,
        },
        required=["access_key_id", "secret_access_key"],
    ),
    "gcp": obj(
        {
            "auth_config": obj(
                {
                    "client_email": text(),
                    "private_key": text(),
                    "project_id": text(),
                    "token_uri": text(default="https://oauth2.googleapis.com/token"),
                    "scope": array(
                        text(),
                        default=["https://www.googleapis.com/auth/cloud-platform"],
                    ),
                    "entries_uri": text(
                        default="https://secretmanager.googleapis.com/v1"
                    ),
                },
                required=["client_email", "private_key", "project_id"],
            ),
            "ssl_verify": flag(True),
            "auth_file": text(),
            **_STAMPED,
        },
        **one_of(needs("auth_config"), needs("auth_file")),
    ),
}
