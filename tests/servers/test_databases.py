"""The database fixtures: both databases are real, migrated, emptied and kept apart."""

import threading
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, connections, transaction

from portal.audit import triggers
from portal.audit.models import LedgerHead
from tests.servers.databases import default_database, url_of

SEEN: set[str] = set()


def make_person(name: str) -> None:
    get_user_model().objects.create(username=name)


def people() -> int:
    return get_user_model().objects.count()


@pytest.mark.django_db
def test_default_is_the_database_the_fixture_names(each_database: str) -> None:
    SEEN.add(each_database)
    assert connection.vendor == each_database
    make_person("alice")
    assert people() == 1


@pytest.mark.django_db
def test_rows_of_the_test_before_are_rolled_back(each_database: str) -> None:
    assert people() == 0


@pytest.mark.django_db(transaction=True)
def test_threads_see_the_same_database_by_connections_of_their_own(
    each_database: str,
) -> None:
    make_person("alice")
    found: list[tuple[str, int, bool]] = []
    ours = connection.connection

    def look() -> None:
        there = people()
        found.append((connection.vendor, there, connection.connection is ours))
        make_person("bob")
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [(each_database, 1, False)]
    assert people() == 2


@pytest.mark.django_db(transaction=True)
def test_committed_rows_are_emptied_and_the_ledger_is_guarded_again(
    each_database: str,
) -> None:
    assert people() == 0
    assert triggers.missing(connection) == []
    assert LedgerHead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_ledger_refuses_raw_sql(each_database: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM audit_ledgerhead")


@pytest.mark.django_db
def test_work_after_commit_can_be_captured(
    each_database: str, django_capture_on_commit_callbacks
) -> None:
    done: list[str] = []
    with django_capture_on_commit_callbacks(execute=True):
        transaction.on_commit(partial(done.append, each_database))
        assert done == []
    assert done == [each_database]


@pytest.mark.django_db(transaction=True)
def test_another_process_can_be_told_where_the_database_is(each_database: str) -> None:
    import environ

    make_person("alice")
    settings = environ.Env.db_url_config(url_of(connection))
    with default_database(settings):
        assert connections["default"].vendor == each_database
        assert people() == 1


@pytest.mark.django_db
def test_without_the_fixture_the_database_is_sqlite() -> None:
    assert connection.vendor == "sqlite"


@pytest.mark.postgresql
@pytest.mark.usefixtures("on_postgresql")
class TestOnPostgreSQL:
    @pytest.mark.django_db
    def test_a_class_can_ask_for_postgresql_alone(self) -> None:
        assert connection.vendor == "postgresql"

    @pytest.mark.django_db(transaction=True)
    def test_rows_can_be_locked(self) -> None:
        make_person("alice")
        with transaction.atomic():
            locked = get_user_model().objects.select_for_update()
            assert [person.username for person in locked] == ["alice"]
