"""Whom to ask about a resource, guessed from its labels."""

from typing import Any

import pytest

from portal.drift.owner import LIMIT, owner_of


@pytest.mark.parametrize(
    ("document", "owner"),
    [
        (None, ""),
        ({}, ""),
        ({"labels": None}, ""),
        ({"labels": "events"}, ""),
        ({"labels": {"colour": "blue"}}, ""),
        ({"labels": {"team": "events"}}, "events"),
        ({"labels": {"managed-by": "adc", "team": "events"}}, "events"),
        ({"labels": {"owner": "", "team": "events"}}, "events"),
        ({"labels": {"owner": "jo", "team": "events"}}, "jo"),
        ({"labels": {"team": 7}}, "7"),
        ({"labels": {"team": "x" * 1000}}, "x" * LIMIT),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_the_surest_label_counts(document: dict[str, Any] | None, owner: str) -> None:
    assert owner_of(document) == owner
