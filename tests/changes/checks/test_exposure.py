"""What lies open: whole hosts, plain connections, browsers and certificates trusted."""

from typing import Any

import pytest

from portal.changes.findings import Severity
from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    route,
    the,
    update,
    upstream,
)
from tests.changes.conftest import Desk


def without_host(**fields: Any) -> Document:
    return {name: value for name, value in route(**fields).items() if name != "host"}


@pytest.mark.parametrize(
    "document",
    [
        without_host(uri="/*"),
        without_host(uri="/*", methods=["GET"]),
        route(uri="/*", host="*"),
        {k: v for k, v in without_host(uris=["/a", "/*"]).items() if k != "uri"},
    ],
    ids=["no host", "a method", "any host", "among others"],
)
def test_a_route_for_everything_is_told(desk: Desk, document: Document) -> None:
    assert codes(desk, create("route", document)) == ["catch_all"]


def test_a_route_for_everything_of_some_is_fine(desk: Desk) -> None:
    desk.sandbox.put("service", "s", {"hosts": ["api.example.com"]})

    for document in (
        route(uri="/*"),
        without_host(uri="/*", service_id="s"),
        without_host(uri="/*", vars=[["arg_a", "==", "1"]]),
        without_host(uri="/*", status=0),
        without_host(uri="/a/*"),
    ):
        assert codes(desk, create("route", document)) == []


def test_a_route_that_took_everything_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("route", "old", without_host(uri="/*"))

    assert codes(desk, update("route", {"desc": "x"})) == []


@pytest.mark.parametrize(
    ("target", "severity"),
    [
        (upstream("8.8.8.8:80"), Severity.WARNING),
        (upstream("shop.example.com:443"), Severity.WARNING),
        (upstream("shop.example.com:80"), Severity.INFO),
        (upstream("shop.example.com:80", scheme="grpc"), Severity.INFO),
    ],
)
def test_plain_requests_to_the_outside_are_told(
    desk: Desk, target: Document, severity: Severity
) -> None:
    finding = the(desk, "plain_http", create("route", route(upstream=target)))

    assert (finding.severity, finding.path) == (severity, "upstream.nodes")


@pytest.mark.parametrize(
    "target",
    [
        upstream("8.8.8.8:443", scheme="https"),
        upstream("10.0.0.7:80"),
        upstream("backend:80"),
        upstream("web.shop.svc:80"),
    ],
)
def test_plain_requests_inside_and_encrypted_ones_are_fine(
    desk: Desk, target: Document
) -> None:
    assert "plain_http" not in codes(desk, create("route", route(upstream=target)))


def test_plain_logs_and_questions_are_told_without_what_they_carry(desk: Desk) -> None:
    plugins = KEY_AUTH | {
        "http-logger": {"uri": "http://u:s3cr3t@log.example.com/?key=s3cr3t"}
    }

    finding = the(desk, "plain_http", create("route", route(plugins=plugins)))

    assert finding.path == "plugins.http-logger.uri"
    assert "log.example.com" in finding.words
    assert "s3cr3t" not in str(finding)


def test_what_was_plain_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("upstream", "old", upstream("8.8.8.8:80"))

    assert "plain_http" not in codes(desk, update("upstream", {"desc": "x"}))


@pytest.mark.parametrize(
    ("cors", "path"),
    [
        ({"allow_origins": "**"}, "plugins.cors.allow_origins"),
        (
            {
                "allow_origins": "https://a.example.com",
                "allow_origins_by_regex": [".*"],
                "allow_methods": "GET",
                "allow_headers": "x-a",
                "expose_headers": "x-b",
            },
            "plugins.cors.allow_origins_by_regex",
        ),
    ],
)
def test_cookies_for_every_site_are_told(desk: Desk, cors: Document, path: str) -> None:
    plugins = KEY_AUTH | {"cors": cors | {"allow_credential": True}}

    finding = the(desk, "cors_credentials", create("route", route(plugins=plugins)))

    assert finding.path == path


@pytest.mark.parametrize(
    "cors",
    [
        {"allow_origins": "**"},
        {},
        {"allow_origins": "**", "allow_credential": True, "_meta": {"disable": True}},
        {"allow_origins": "https://a.example.com", "allow_credential": True},
    ],
)
def test_cookies_for_some_sites_or_none_are_fine(desk: Desk, cors: Document) -> None:
    plugins = KEY_AUTH | {"cors": cors}

    assert "cors_credentials" not in codes(
        desk, create("route", route(plugins=plugins))
    )


@pytest.mark.parametrize(
    ("kind", "document", "path"),
    [
        (
            "route",
            route(
                plugins={
                    "forward-auth": {
                        "uri": "https://auth.example.com/",
                        "ssl_verify": False,
                    }
                }
            ),
            "plugins.forward-auth.ssl_verify",
        ),
        ("upstream", upstream("backend:443", tls={"verify": False}), "tls.verify"),
        (
            "plugin_metadata",
            {"kafka": {"tls": {"verify": False}}},
            "kafka.tls.verify",
        ),
    ],
    ids=["plugin", "upstream", "metadata"],
)
def test_certificates_that_are_not_checked_are_told(
    desk: Desk, kind: str, document: Document, path: str
) -> None:
    name = "error-log-logger" if kind == "plugin_metadata" else "new"

    assert the(desk, "tls_not_verified", create(kind, document, name)).path == path


def test_other_checks_that_are_switched_off_are_no_certificates(desk: Desk) -> None:
    plugins = {"key-auth": {"hide_credentials": False}, "jwt-auth": {"verify": False}}

    assert "tls_not_verified" not in codes(
        desk, create("route", route(plugins=plugins))
    )
