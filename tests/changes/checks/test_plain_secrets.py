"""Secrets that stand in a document although a reference to them would do."""

import pytest

from portal.changes.findings import Severity
from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    codes,
    create,
    delete,
    route,
    the,
    update,
)
from tests.changes.conftest import Desk

SECRET = "s3cr3t-of-jack"
VAULT: Document = {
    "uri": "https://vault.example.com",
    "prefix": "kv",
    "token": "$env://T",
}


def jack(key: str = SECRET) -> Document:
    return {"username": "jack", "plugins": {"key-auth": {"key": key}}}


def test_a_plain_secret_is_good_to_know(desk: Desk) -> None:
    finding = the(desk, "plain_secret", create("consumer", jack(), "jack"))

    assert (finding.severity, finding.path) == (Severity.INFO, "plugins.key-auth.key")
    assert "$env://" in finding.mend
    assert SECRET not in str(finding)


def test_with_a_secret_manager_it_is_a_warning_that_names_it(desk: Desk) -> None:
    desk.sandbox.put("secret", "vault/main", VAULT)

    finding = the(desk, "plain_secret", create("consumer", jack(), "jack"))

    assert finding.severity is Severity.WARNING
    assert "$secret://vault/main/" in finding.mend


def test_a_manager_that_goes_with_the_same_change_does_not_count(desk: Desk) -> None:
    desk.sandbox.put("secret", "vault/main", VAULT)

    finding = the(
        desk,
        "plain_secret",
        create("consumer", jack(), "jack"),
        delete("secret", "vault/main"),
    )

    assert finding.severity is Severity.INFO


@pytest.mark.parametrize("reference", ["$secret://vault/main/jack/key", "$env://KEY"])
def test_a_reference_is_what_is_wanted(desk: Desk, reference: str) -> None:
    desk.sandbox.put("secret", "vault/main", VAULT)

    assert codes(desk, create("consumer", jack(reference), "jack")) == []


def test_a_secret_that_stays_is_not_told_again(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", jack())

    assert codes(desk, update("consumer", {"desc": "x"}, "jack")) == []


def test_what_no_reference_can_stand_for_is_not_told(desk: Desk) -> None:
    compared = route(vars=[["http_x_api_key", "==", SECRET]], plugins=KEY_AUTH)

    assert codes(desk, create("route", compared)) == []


def test_many_secrets_are_one_finding_and_one_list(desk: Desk) -> None:
    names = [f"jack{number}" for number in range(5)]
    items = [create("consumer", jack(f"k-{n}") | {"username": n}, n) for n in names]
    codes(desk, *items)  # so that the schemas are known
    desk.sandbox.forget_requests()

    found = codes(desk, *items)

    assert found == ["plain_secret"] * 5
    assert len(desk.sandbox.requests("GET", "/apisix/admin/secrets")) == 1
