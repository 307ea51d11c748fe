"""The store keeps what it confirmed, counts every change, and remembers a while."""

import threading

import pytest

from gateway.sandbox.store import Store


@pytest.fixture
def store():
    store = Store()
    yield store
    store.close()


def test_one_counter_grows_with_every_change(store):
    first = store.put("route", "a", {"uri": "/"})
    second = store.put("upstream", "b", {})
    again = store.put("route", "a", {"uri": "/x"})
    store.delete("upstream", "b")

    assert (first.created, first.modified) == (1, 1)
    assert (second.created, second.modified) == (2, 2)
    assert (again.created, again.modified) == (1, 3)
    assert store.revision == 4
    assert store.delete("upstream", "b") is False
    assert store.revision == 4


def test_what_is_made_anew_is_created_anew(store):
    store.put("route", "a", {})
    store.delete("route", "a")

    assert store.put("route", "a", {}).created == 3


def test_ids_come_in_the_order_of_their_bytes(store):
    for key in ("b", "a", "B", "10", "9"):
        store.put("route", key, {})

    assert list(store.all("route")) == ["10", "9", "B", "a", "b"]


def test_a_reserved_revision_is_used_up(store):
    assert store.reserve() == 1
    assert store.put("route", "a", {}).created == 2


def test_everything_is_there_again_after_reopening(tmp_path):
    path = tmp_path / "state.sqlite3"
    first = Store(path)
    first.put("route", "a", {"uri": "/ä", "n": 1})
    first.put("route", "b", {}, ttl=3600)
    first.reserve()
    entries, revision = first.entries("route"), first.revision
    first.close()

    second = Store(path)
    assert (second.entries("route"), second.revision) == (entries, revision)
    second.close()


def test_clearing_forgets_documents_and_goes_on_counting(store):
    store.put("route", "a", {})
    before = store.revision
    store.clear()

    assert store.all("route") == {}
    assert store.as_of("route", 100) == {}
    assert store.revision > before


def test_an_earlier_state_is_told(store):
    store.put("route", "kept", {"v": 1})
    store.put("route", "gone", {})
    store.put("route", "kept", {"v": 2})
    store.delete("route", "gone")
    store.put("service", "other", {})

    # Nothing of this is as old as an hour, so then there was nothing.
    assert store.as_of("route", 3600) == {}
    assert store.as_of("route", 0) == {"kept": {"v": 2}}


def test_many_threads_lose_nothing(store):
    def write(name):
        for number in range(50):
            store.put("route", f"{name}{number}", {})

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.all("route")) == 200
    assert store.revision == 200
