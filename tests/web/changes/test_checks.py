"""What is checked, for people."""

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gateway.models import Gateway
from portal.changes.checks import SUBJECTS
from tests.factories import Cast, make_change

As = Callable[[str], Client]


def test_every_code_is_told_with_its_words_and_weight(as_: As) -> None:
    page = as_("alice").get("/checks/").content.decode()

    for subject in SUBJECTS:
        assert f">{subject.title}</h2>" in page
        for code in subject.codes:
            assert (
                f'<li class="finding finding--{code.severity}" id="{code.code}">'
                in page
            )
            assert code.words.replace("'", "&#x27;") in page


def test_it_asks_the_database_only_who_looks(
    as_: As, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_("audrey")
    client.get("/checks/")

    with django_assert_max_num_queries(6):
        assert client.get("/checks/").status_code == 200


def test_findings_lead_there(as_: As, people: Cast, gateway: Gateway) -> None:
    finding = {
        "code": "auth_missing",
        "severity": "warning",
        "item": 0,
        "path": "plugins",
        "words": "w",
        "mend": "m",
    }
    change = make_change(gateway=gateway, author=people.alice, findings=[finding])

    page = as_("riley").get(f"/changes/{change.number}/").content.decode()

    assert 'href="/checks/"' in page


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    assert client.get("/checks/")["Location"] == "/accounts/login/?next=/checks/"
