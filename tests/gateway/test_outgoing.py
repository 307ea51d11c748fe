"""Whom a document makes a gateway call."""

from typing import Any

import pytest
from hypothesis import given

from gateway.outgoing import outgoing, upstreams
from tests.odd_documents import odd_documents

Document = dict[str, Any]


def called(kind: str, document: Document) -> list[tuple[str, str, str, int | None]]:
    return [(o.path, o.scheme, o.host, o.port) for o in outgoing(kind, document)]


@pytest.mark.parametrize(
    ("nodes", "host", "port"),
    [
        ({"10.0.0.7:8080": 1}, "10.0.0.7", 8080),
        ({"backend": 1}, "backend", None),
        ({"[::1]:8080": 1}, "::1", 8080),
        ({"fe80::1": 1}, "fe80::1", None),
        ([{"host": "10.0.0.7", "port": 8080, "weight": 1}], "10.0.0.7", 8080),
        ([{"host": "[::1]", "weight": 1}], "::1", None),
    ],
)
def test_nodes_are_called_in_either_form(
    nodes: Any, host: str, port: int | None
) -> None:
    for kind, document, at in (
        ("upstream", {"nodes": nodes, "scheme": "https"}, "nodes"),
        ("route", {"upstream": {"nodes": nodes, "scheme": "https"}}, "upstream.nodes"),
        (
            "stream_route",
            {"upstream": {"nodes": nodes, "scheme": "https"}},
            "upstream.nodes",
        ),
    ):
        [(path, *rest)] = called(kind, document)
        assert path.startswith(at)
        assert rest == ["https", host, port]


def test_an_upstream_speaks_http_unless_it_says_otherwise() -> None:
    assert called("upstream", {"nodes": {"a:1": 1}}) == [("nodes", "http", "a", 1)]


def test_dns_is_asked_for_the_name_of_a_discovered_service() -> None:
    dns = {"service_name": "metadata:80", "discovery_type": "dns"}
    registry = {"service_name": "SHOP", "discovery_type": "eureka"}

    assert called("upstream", dns) == [("service_name", "http", "metadata", 80)]
    assert called("upstream", registry) == []


@pytest.mark.parametrize(
    ("plugin", "settings", "path", "host"),
    [
        ("http-logger", {"uri": "http://u:p@log:1/x?token=t"}, "uri", "log"),
        ("forward-auth", {"uri": "https://auth/"}, "uri", "auth"),
        ("opa", {"host": "http://opa:8181"}, "host", "opa"),
        ("proxy-mirror", {"host": "http://copy:8181"}, "host", "copy"),
        ("openid-connect", {"discovery": "https://login/x"}, "discovery", "login"),
        (
            "openid-connect",
            {"proxy_opts": {"http_proxy": "http://proxy:3128", "no_proxy": "other"}},
            "proxy_opts.http_proxy",
            "proxy",
        ),
        ("ldap-auth", {"ldap_uri": "ldap:389"}, "ldap_uri", "ldap"),
        ("limit-count", {"redis_host": "redis"}, "redis_host", "redis"),
        (
            "limit-count",
            {"redis_cluster_nodes": ["redis:6379"]},
            "redis_cluster_nodes.0",
            "redis",
        ),
        (
            "kafka-logger",
            {"brokers": [{"host": "kafka", "port": 9092}]},
            "brokers.0.host",
            "kafka",
        ),
        ("kafka-logger", {"broker_list": {"kafka": 9092}}, "broker_list", "kafka"),
        ("rocketmq-logger", {"nameserver_list": ["mq:1"]}, "nameserver_list.0", "mq"),
        ("syslog", {"host": "log", "port": 514}, "host", "log"),
        (
            "elasticsearch-logger",
            {"endpoint_addrs": ["http://es:9200"]},
            "endpoint_addrs.0",
            "es",
        ),
        (
            "splunk-hec-logging",
            {"endpoint": {"uri": "https://sp/"}},
            "endpoint.uri",
            "sp",
        ),
        ("wolf-rbac", {"server": "http://wolf:12180"}, "server", "wolf"),
        ("azure-functions", {"function_uri": "https://az/"}, "function_uri", "az"),
        ("openwhisk", {"api_host": "https://ow"}, "api_host", "ow"),
        (
            "ai-proxy",
            {"override": {"endpoint": "https://model/v1"}},
            "override.endpoint",
            "model",
        ),
        (
            "traffic-split",
            {"rules": [{"weighted_upstreams": [{"upstream": {"nodes": {"b:1": 1}}}]}]},
            "rules.0.weighted_upstreams.0.upstream.nodes",
            "b",
        ),
        (
            "a-plugin-of-theirs",
            {"deep": [{"their_url": "ftp://x"}]},
            "deep.0.their_url",
            "x",
        ),
    ],
)
def test_a_plugin_calls_what_its_settings_name(
    plugin: str, settings: Document, path: str, host: str
) -> None:
    for kind in ("route", "service", "plugin_config", "global_rule", "consumer"):
        [found] = outgoing(kind, {"plugins": {plugin: settings}})
        assert (found.path, found.host) == (f"plugins.{plugin}.{path}", host)


@pytest.mark.parametrize(
    ("plugin", "settings"),
    [
        ("proxy-rewrite", {"host": "localhost", "uri": "/x"}),
        ("redirect", {"uri": "http://localhost/"}),
        ("cors", {"allow_origins": "http://localhost"}),
        ("real-ip", {"trusted_addresses": ["127.0.0.1/24"]}),
        ("openid-connect", {"redirect_uri": "http://localhost/callback"}),
        ("authz-casdoor", {"callback_url": "http://localhost/"}),
        ("zipkin", {"server_addr": "127.0.0.1"}),
        ("forward-auth", {"uri": "$secret://vault/1/auth"}),
        ("forward-auth", {"uri": "http://$host/"}),
        ("http-logger", {"uri": "http://[broken"}),
        ("http-logger", {"uri": "http://h:port/"}),
        ("public-api", {"uri": "/status"}),
        ("batch-thing", {"headers": {"X-Forwarded-Host": "localhost"}}),
    ],
)
def test_what_is_for_callers_or_cannot_be_known_calls_nobody(
    plugin: str, settings: Document
) -> None:
    assert called("route", {"plugins": {plugin: settings}}) == []


def test_metadata_and_secret_managers_call_too() -> None:
    assert called("plugin_metadata", {"collector": {"address": "otel:4318"}}) == [
        ("collector.address", "", "otel", 4318)
    ]
    assert called("secret", {"uri": "https://vault:8200", "token": "t"}) == [
        ("uri", "https", "vault", 8200)
    ]


def test_what_a_route_is_for_is_not_called() -> None:
    assert called("route", {"uri": "/x", "hosts": ["localhost"], "plugins": {}}) == []


def test_upstreams_are_found_where_they_stand() -> None:
    one = {"nodes": {"a:1": 1}}
    split = {"rules": [{"weighted_upstreams": [{"weight": 1}, {"upstream": one}]}]}
    document = {"upstream": one, "plugins": {"traffic-split": split}}

    assert list(upstreams("route", document)) == [
        (("upstream",), one),
        (
            (
                "plugins",
                "traffic-split",
                "rules",
                0,
                "weighted_upstreams",
                1,
                "upstream",
            ),
            one,
        ),
    ]
    assert list(upstreams("upstream", one)) == [((), one)]


@given(odd_documents())
def test_any_document_is_read(document: Document) -> None:
    for kind in ("route", "upstream", "plugin_metadata"):
        assert isinstance(called(kind, document), list)
        assert isinstance(list(upstreams(kind, document)), list)
