"""Documents that name what is looked at, and hold anything there."""

from typing import Any

from hypothesis import strategies as st

WORDS = (
    "plugins upstream upstream_id nodes host hosts port weight scheme uri uris service_id "
    "plugin_config_id status labels managed-by k8s/kind desc name script filter_func vars "
    "remote_addr timeout checks active tls verify ssl_verify cert key certs keys snis sni "
    "type cors key-auth ip-restriction openid-connect serverless-pre-function functions "
    "body-transformer request template traffic-split rules weighted_upstreams http-logger "
    "limit-count redis_host brokers endpoint address _meta disable filter pre_function "
    "allow_credential allow_origins allow_origins_by_regex whitelist anonymous_consumer "
    "service_name discovery_type"
)
NAMES = WORDS.split()
TEXTS = st.sampled_from(
    [
        "", "/*", "*", "**", "dns", "http", "127.0.0.1:80", "[::1]", "[", "http://[x",
        "http://h:p", "x:y:z", "$secret://vault/1/k", "-----BEGIN", ".*", "u1",
    ]
)  # fmt: skip
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
_VALUES = st.recursive(
    _LEAVES | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


def odd_documents() -> st.SearchStrategy[dict[str, Any]]:
    """Objects of such fields; most break every schema."""
    return st.dictionaries(st.sampled_from(NAMES), _VALUES, max_size=6)
