"""Made-up settings of a recipe and made-up routes, for laws that hold for all of them."""

from typing import Any

from hypothesis import strategies as st

from gateway.recipes.recipe import Recipe
from gateway.recipes.route import RouteNow
from gateway.schemas import Schemas

Document = dict[str, Any]

ONE_LINE = r"^[^\r\n]*$"
# What headers and JSON alike can hold.
ASCII = st.characters(min_codepoint=32, max_codepoint=126)
# Recipes whose `url` is no server of a version.
NOT_A_SERVER = ("mirror-traffic", "send-logs")
# Where a form is right only if it means something.
MEANT = {
    "url": ["http://10.0.0.9:8080", "https://next.example.com", "http://[::1]:81"],
    "upstream_id": ["u1"],
    "addresses": [["10.0.0.0/8"], ["203.0.113.7", "2001:db8::/32"], ["::1"]],
    "nodes": [{"10.0.0.7:8080": 1}, {"a.example.com:80": 0, "[::1]:81": 3}],
    "zone": ["memory_cache"],
}
HELD: dict[tuple[str, str], Document] = {
    ("upstream", "u1"): {
        "id": "u1",
        "nodes": [{"host": "10.0.0.1", "port": 80, "weight": 2, "priority": 1}],
        "timeout": {"connect": 1, "send": 2, "read": 3},
        "checks": {"active": {"http_path": "/old"}},
        "create_time": 1,
        "update_time": 2,
    },
    ("service", "s1"): {
        "id": "s1",
        "upstream": {"type": "roundrobin", "nodes": {"10.0.0.2:80": 1}},
        "plugins": {
            "limit-count": {"count": 3, "time_window": 4, "policy": "local"},
            "key-auth": {},
            "prometheus": {"prefer_name": True},
        },
    },
    ("service", "s2"): {"id": "s2", "upstream_id": "u1"},
    ("plugin_config", "p1"): {
        "id": "p1",
        "plugins": {
            "proxy-rewrite": {"headers": {"X-Old": "1", "X-Gone": ""}},
            "ip-restriction": {"whitelist": ["192.0.2.1"]},
        },
    },
}
OTHER = {"type": "roundrobin", "nodes": {"10.0.0.5:80": 1}}
PLUGINS: dict[str, list[Any]] = {
    "key-auth": [{"header": "x-key", "_meta": {"disable": True}}, [], {}],
    "jwt-auth": [{"cookie": "token", "anonymous_consumer": "jack"}],
    "openid-connect": [
        {
            "client_id": "a",
            "client_secret": "redacted:01234567",
            "discovery": "https://a.example/d",
            "session": {"secret": "redacted:12345678abcdefgh"},
        }
    ],
    "ip-restriction": [
        {"whitelist": ["10.0.0.0/8", "192.0.2.1"]},
        {"blacklist": ["192.0.2.1"], "message": "no"},
    ],
    "limit-count": [
        {"count": 1, "time_window": 2, "policy": "redis", "redis_host": "redis"},
        {"rules": [{"count": 1, "time_window": 1, "key": "$remote_addr"}]},
        {"count": 1, "time_window": 1, "group": "g"},
    ],
    "limit-req": [{"rate": 0.5, "burst": 0, "key": "remote_addr", "nodelay": True}],
    "proxy-cache": [{"cache_key": ["$uri"], "cache_bypass": ["$arg_x"]}],
    "traffic-split": [
        {"rules": [{"weighted_upstreams": [{"upstream": OTHER, "weight": 2}]}]},
        {
            "rules": [
                {
                    "match": [{"vars": [["arg_a", "==", "1"]]}],
                    "weighted_upstreams": [{"upstream_id": "u1"}, {"weight": 3}],
                },
                {
                    "weighted_upstreams": [
                        {"weight": 1},
                        {"upstream_id": "u1", "weight": 0},
                    ]
                },
            ]
        },
    ],
    "proxy-rewrite": [
        {"uri": "/one"},
        {"regex_uri": ["^/a/(.*)$", "/$1"], "headers": {"X-Gateway": "old", "a": ""}},
        {"headers": {"add": {"X-A": "1"}, "remove": ["X-B"]}, "method": "GET"},
    ],
    "response-rewrite": [
        {"body": "", "status_code": 201},
        {"filters": [{"regex": "a", "replace": "b"}], "vars": [["status", "==", 200]]},
        {"headers": {"X-Gateway": "old", "a": ""}},
    ],
    "prometheus": [{}],
    "http-logger": [{"uri": "http://a.example", "auth_header": "redacted:01234567"}],
    "proxy-mirror": [{"host": "http://127.0.0.1:1", "path": "/m"}],
    "cors": [{"allow_origins": "https://a.example"}],
}
ROUTES: list[Document] = [
    {
        "uri": "/speaker/*",
        "upstream": {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}},
    },
    {
        "name": "a name",
        "uris": ["/a", "/b/*"],
        "methods": ["GET"],
        "upstream": {
            "scheme": "https",
            "type": "chash",
            "key": "uri",
            "nodes": [
                {"host": "a.example.com", "port": 443, "weight": 1, "metadata": {}}
            ],
            "checks": {"active": {"type": "https", "host": "a.example.com"}},
        },
    },
    {"uri": "/*", "upstream_id": "u1", "status": 0},
    {"uri": "/s", "service_id": "s1"},
    {"uri": "/s", "service_id": "s2", "plugin_config_id": "p1"},
    {
        "uri": "/grpc",
        "upstream": {
            "scheme": "grpc",
            "service_name": "orders",
            "discovery_type": "dns",
        },
    },
]


def find(kind: str, resource_id: str) -> Document | None:
    return HELD.get((kind, resource_id))


def now(document: Document, schemas: Schemas, **fields: Any) -> RouteNow:
    """A route on a gateway that holds what the routes here refer to."""
    return RouteNow("r1", document, find, schemas, **fields)


@st.composite
def routes(draw: st.DrawFn) -> Document:
    route = dict(draw(st.sampled_from(ROUTES)))
    names = draw(st.sets(st.sampled_from(sorted(PLUGINS)), max_size=5))
    if names:
        route["plugins"] = {
            name: draw(st.sampled_from(PLUGINS[name])) for name in sorted(names)
        }
    return route


def settings_of(recipe: Recipe) -> st.SearchStrategy[Document]:
    """Return settings that the recipe's schema takes."""
    properties = {
        name: st.sampled_from(MEANT[name])
        if name in MEANT and not (name == "url" and recipe.name in NOT_A_SERVER)
        else value(schema)
        for name, schema in recipe.properties.items()
    }
    if recipe.name in NOT_A_SERVER:
        properties["url"] = st.sampled_from(["http://a.example", "https://10.0.0.1:81"])
    required = {name: properties.pop(name) for name in recipe.required}
    return st.fixed_dictionaries(required, optional=properties)


def value(schema: Document) -> st.SearchStrategy[Any]:
    """Return values of one schema of settings."""
    match schema:
        case {"enum": choices}:
            return st.sampled_from(choices)
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer", "minimum": least, "maximum": most}:
            return st.integers(least, most)
        case {"type": "array", "items": items}:
            return st.lists(value(items), min_size=1, max_size=3, unique=True)
        case {"type": "object", "propertyNames": names, "additionalProperties": own}:
            return st.dictionaries(value(names), value(own), min_size=1, max_size=3)
    least, most = schema["minLength"], min(schema["maxLength"], 40)
    if "pattern" in schema and schema["pattern"] != ONE_LINE:
        pattern = schema["pattern"].removesuffix("$") + r"\Z"
        return st.from_regex(pattern, fullmatch=True, alphabet=ASCII).filter(
            lambda text: least <= len(text) <= most
        )
    return st.text(ASCII, min_size=least, max_size=most)
