"""Whose account an identity opens, asked twice at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from portal.accounts.identities import person_of
from portal.accounts.models import Identity, Person
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent

CLAIMS = {
    "iss": "https://idp.example.com",
    "sub": "nina-there",
    "email": "nina@example.com",
    "email_verified": True,
    "preferred_username": "nina",
}


def at_once(*all_claims: dict[str, Any]) -> list[Person]:
    together = Barrier(len(all_claims))

    def come(claims: dict[str, Any]) -> Person:
        try:
            together.wait()
            return person_of(claims)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(all_claims)) as pool:
        return list(pool.map(come, all_claims))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("each_database")
class TestAtTheSameMoment:
    @pytest.fixture(autouse=True)
    def accounts_are_made(self, each_database: str, settings: Settings) -> None:
        settings.OIDC_CREATE_ACCOUNTS = True

    def test_one_identity_gets_one_account(self) -> None:
        people = at_once(*[CLAIMS] * 4)

        nina = Person.objects.get()
        assert people == [nina] * 4
        assert Identity.objects.get().person == nina
        assert AuditEvent.objects.filter(event="person.created").count() == 1
        assert list(problems()) == []

    def test_two_of_one_name_get_two_accounts(self) -> None:
        people = at_once(CLAIMS, CLAIMS | {"sub": "another", "email": "n@example.com"})

        assert {one.username for one in people} == {"nina", "nina2"}
        assert Identity.objects.count() == 2
