"""By what resources are looked for."""

from typing import Any

import pytest

from gateway.facets import LENGTH_LIMIT, facets_of


@pytest.mark.parametrize(
    ("kind", "document", "found"),
    [
        ("route", {"host": "A.example.com"}, {("host", "a.example.com")}),
        ("service", {"hosts": ["a", "b"]}, {("host", "a"), ("host", "b")}),
        ("ssl", {"snis": ["a", "b"]}, {("host", "a"), ("host", "b")}),
        ("ssl", {"type": "client", "snis": ["a"]}, set()),
        ("route", {"plugins": {"cors": {}}}, {("plugin", "cors")}),
        (
            "route",
            {"methods": ["get", "POST"]},
            {("method", "GET"), ("method", "POST")},
        ),
        ("route", {"status": 0}, {("status", "off")}),
        ("route", {"status": 1}, set()),
        (
            "route",
            {"labels": {"managed-by": "adc", "team": "shop"}},
            {
                ("label", "managed-by=adc"),
                ("label", "team=shop"),
                ("owner", "ADC"),
            },
        ),
        (
            "route",
            {"upstream_id": 7, "service_id": "s"},
            {("refers", "upstream/7"), ("refers", "service/s")},
        ),
        (
            "route",
            {"plugins": {"jwt-auth": {"secret": "$secret://vault/1/jack/secret"}}},
            {("plugin", "jwt-auth"), ("refers", "secret/vault/1")},
        ),
        # Documents may hold anything.
        ("route", {"plugins": [], "labels": 7, "methods": {}, "host": None}, set()),
        ("route", {"plugins": {"a\x00b": {}}}, {("plugin", "a\u2400b")}),
        ("route", {"host": "x" * 999}, {("host", "x" * LENGTH_LIMIT)}),
    ],
)
def test_by_what_it_is_looked_for(
    kind: str, document: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    assert facets_of(kind, document) == found
