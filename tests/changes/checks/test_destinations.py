"""Addresses that the gateway reaches and its callers should not."""

from typing import Any

import pytest

from portal.changes.findings import Severity
from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    findings,
    route,
    the,
    update,
    upstream,
)
from tests.changes.conftest import Desk, conference


@pytest.mark.parametrize(
    ("node", "code", "severity"),
    [
        ("169.254.169.254:80", "destination_metadata", Severity.WARNING),
        ("[fd00:ec2::254]:80", "destination_metadata", Severity.WARNING),
        ("metadata.google.internal:80", "destination_metadata", Severity.WARNING),
        ("169.254.1.1:80", "destination_link_local", Severity.WARNING),
        ("2130706433:80", "destination_loopback", Severity.WARNING),
        ("0x7f.1:80", "destination_loopback", Severity.WARNING),
        ("[::ffff:127.0.0.1]:80", "destination_loopback", Severity.WARNING),
        ("localhost:80", "destination_loopback", Severity.WARNING),
        ("10.0.0.7:80", "destination_private", Severity.INFO),
    ],
)
def test_a_reserved_node_is_told(
    desk: Desk, node: str, code: str, severity: Severity
) -> None:
    finding = the(desk, code, create("route", route(upstream=upstream(node))))

    assert (finding.severity, finding.path) == (severity, "upstream.nodes")


@pytest.mark.parametrize(
    ("plugins", "path"),
    [
        (
            {"forward-auth": {"uri": "http://169.254.169.254/latest/meta-data"}},
            "plugins.forward-auth.uri",
        ),
        (
            {"http-logger": {"uri": "http://u:s3cr3t@169.254.169.254/?k=s3cr3t"}},
            "plugins.http-logger.uri",
        ),
        (
            {"proxy-mirror": {"host": "http://169.254.169.254"}},
            "plugins.proxy-mirror.host",
        ),
        (
            {"opa": {"host": "http://169.254.169.254", "policy": "p"}},
            "plugins.opa.host",
        ),
        (
            {
                "traffic-split": {
                    "rules": [
                        {
                            "weighted_upstreams": [
                                {
                                    "upstream": upstream("169.254.169.254:80"),
                                    "weight": 1,
                                }
                            ]
                        }
                    ]
                }
            },
            "plugins.traffic-split.rules.0.weighted_upstreams.0.upstream.nodes",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plugin_that_calls_a_reserved_address_is_told(
    desk: Desk, plugins: Document, path: str
) -> None:
    finding = the(
        desk,
        "destination_metadata",
        create("route", route(plugins=KEY_AUTH | plugins)),
    )

    assert finding.path == path
    assert "s3cr3t" not in str(finding)


def test_the_tour_is_told_of_loopback_once_and_is_not_blocked(desk: Desk) -> None:
    found = findings(desk, create("route", conference()))

    assert [(f.code, f.severity) for f in found] == [
        ("auth_missing", Severity.WARNING),
        ("destination_loopback", Severity.WARNING),
    ]


def test_many_addresses_of_a_kind_are_one_finding(desk: Desk) -> None:
    nodes = [f"127.0.0.{last}:80" for last in range(1, 8)]

    finding = the(desk, "destination_loopback", create("upstream", upstream(*nodes)))

    assert "127.0.0.1, 127.0.0.2, 127.0.0.3, 127.0.0.4 and 3 more" in finding.words


def test_what_was_called_before_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("upstream", "old", upstream("127.0.0.1:80"))

    assert codes(desk, update("upstream", {"desc": "x"})) == []
    assert codes(desk, update("upstream", {"nodes": {"127.0.0.1:81": 1}})) == []


def test_a_metadata_service_is_told_as_long_as_it_is_called(
    desk: Desk, settings: Any
) -> None:
    settings.CHECK_BLOCKED_DESTINATIONS = frozenset({"metadata"})
    desk.sandbox.put("upstream", "old", upstream("169.254.169.254:80"))

    finding = the(desk, "destination_metadata", update("upstream", {"desc": "x"}))

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("place", "node"),
    [
        ("metadata", "169.254.169.254:80"),
        ("link-local", "169.254.1.1:80"),
        ("loopback", "127.0.0.1:80"),
        ("private", "10.0.0.7:80"),
    ],
)
def test_the_desk_may_forbid_a_kind_of_address(
    desk: Desk, settings: Any, place: str, node: str
) -> None:
    settings.CHECK_BLOCKED_DESTINATIONS = frozenset({place})
    blocked = [
        finding
        for finding in findings(desk, create("upstream", upstream(node)))
        if finding.severity is Severity.BLOCKER
    ]
    allowed = findings(desk, create("upstream", upstream("8.8.8.8:80")))

    assert [finding.code for finding in blocked] == [
        f"destination_{place}".replace("-", "_")
    ]
    assert "The rules of this desk forbid it." in blocked[0].words
    assert all(one.severity is not Severity.BLOCKER for one in allowed)
