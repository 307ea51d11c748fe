"""The desk's own rules: none by default, read plainly, and refused at the start if odd."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import check_rules
from portal.changes.checks.destinations import SAID
from tests.test_settings import KEYS, load, values

NAMES = ("CHECK_BLOCKED_DESTINATIONS", "NAME_PATTERN", "REQUIRED_LABELS")


def test_there_are_no_rules_by_default() -> None:
    assert values(*NAMES) == dict(zip(NAMES, ("frozenset()", None, []), strict=True))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CHECK_BLOCKED_DESTINATIONS", "loopback,lan", "names lan, which is no kind"),
        ("NAME_PATTERN", "[a-z", "NAME_PATTERN is no regular expression"),
    ],
)
def test_a_rule_that_cannot_be_meant_stops_the_start(
    name: str, value: str, words: str
) -> None:
    done = load(**KEYS, **{name: value})

    assert done.returncode != 0
    assert words in done.stderr.splitlines()[-1]


def test_lists_are_read_with_blanks_and_without_repetitions() -> None:
    assert check_rules.listed(" team, env,,team ") == ["team", "env"]
    assert check_rules.blocked_destinations("metadata, link-local") == {
        "metadata",
        "link-local",
    }
    assert check_rules.name_pattern("a+") == re.compile("a+")


def test_every_place_that_is_told_can_be_forbidden() -> None:
    assert set(SAID) == check_rules.PLACES
    for place in SAID:
        assert check_rules.blocked_destinations(place) == {place}


def test_a_public_address_cannot_be_forbidden() -> None:
    with pytest.raises(ImproperlyConfigured, match="Use a comma list of link-local"):
        check_rules.blocked_destinations("public")
