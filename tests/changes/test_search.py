"""What a change is found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.changes.models import ChangeRequest, ChangeWord
from portal.changes.propose import revise
from portal.changes.review import request_changes
from portal.changes.search import LONGEST, PLACES, matching, words_of
from tests.actors import present
from tests.changes.conftest import Desk, conference
from tests.changes.delivering import creates, route
from tests.factories import make_cast, make_live_gateway
from tests.sandbox import SandboxGateway


@given(st.lists(st.text()))
def test_any_text_has_words_of_bounded_length(texts: list[str]) -> None:
    for word in words_of(*texts):
        assert 0 < len(word.decode()) <= LONGEST


def test_a_long_word_begins_at_few_places() -> None:
    assert len(words_of("a." * 10_000)) <= PLACES


def test_an_address_is_found_at_each_place_where_a_name_begins() -> None:
    assert words_of("Shop.example.com/cart/*") == {
        b"shop.example.com/cart/*",
        b"example.com/cart/*",
        b"com/cart/*",
        b"/cart/*",
        b"cart/*",
    }


FINDING = (
    "#{n}",
    "cart",
    "/cart",
    "/cart/*",
    "SHOP.example",
    "example.com",
    "zürich",
    "“Zürich”",
    "basket-1",
    "alice cart opening",
)
MISSING = ("zanzibar", "cart zanzibar", "art", "#0", "example/cart", "\u00ff")


def see_what_finds(desk: Desk) -> None:
    wanted = desk.ask(
        creates(
            "route", "basket-1", **conference(uri="/cart/*", hosts=["shop.example.com"])
        ),
        title="Opening in ZÜRICH",
    )
    desk.ask(route("other"), title="Other")

    for words in FINDING:
        assert found(words.format(n=wanted.number)) == [wanted.number], words
    for words in ("alice", str(wanted.number)):
        assert wanted.number in found(words), words
    for words in MISSING:
        assert found(words) == [], words


@pytest.mark.django_db
def test_each_of_its_words_finds_a_change(desk: Desk) -> None:
    see_what_finds(desk)


@pytest.mark.postgresql
@pytest.mark.usefixtures("on_postgresql", "transactional_db")
def test_postgresql_finds_the_same(sandbox: SandboxGateway) -> None:
    gateway = make_live_gateway(sandbox)
    see_what_finds(Desk(gateway, sandbox, make_cast()))


@pytest.mark.django_db
def test_a_revised_change_is_found_by_what_it_says_now(desk: Desk) -> None:
    change = desk.ask(route("basket-1"))
    request_changes(
        change.latest_revision(), actor=present(desk.people.riley), comment="No."
    )

    revise(change, desk.asked(route("crate-1")), actor=present(desk.people.alice))

    assert found("crate") == [change.number]


def found(words: str) -> list[int]:
    numbers = matching(ChangeRequest.objects.order_by("-number"), words)
    return [change.number for change in numbers]


@pytest.mark.django_db
def test_what_is_secret_is_no_word(desk: Desk) -> None:
    desk.ask(
        route("r1", plugins={"basic-auth": {}, "key-auth": {"key": "hush-hush-hush"}})
    )

    assert not any(b"hush" in bytes(one.word) for one in ChangeWord.objects.all())
