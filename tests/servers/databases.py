"""Tests of the database, on SQLite and on PostgreSQL, in one run.

`each_database` runs a test twice; `on_postgresql` once. Both exchange what Django
calls `default`, so that the product, its threads and pytest-django's fixtures see
nothing but a database.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from tests.servers import place, postgresql

TEMPLATE = "template_gatehouse"


@contextmanager
def default_database(settings: dict[str, Any]) -> Iterator[None]:
    """Let `default` be another database, for this thread and those started inside."""
    handler = connections
    before = handler.settings["default"]
    outside = handler["default"]
    # Django fills in what an entry leaves out only once, at start.
    handler.settings["default"] = before | {"OPTIONS": {}} | settings
    del handler["default"]
    try:
        yield
    finally:
        handler["default"].close()
        handler.settings["default"] = before
        handler["default"] = outside


def url(settings: Mapping[str, Any]) -> str:
    """Return an entry of DATABASES as a DATABASE_URL, for another process."""
    name = quote(str(settings["NAME"]))
    if settings["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{name}"
    return (
        f"postgres://{settings['USER']}@/{name}?{urlencode({'host': settings['HOST']})}"
    )


def url_of(connection: BaseDatabaseWrapper) -> str:
    """Return a DATABASE_URL with which another process reaches the same database."""
    return url(connection.settings_dict)


@pytest.fixture(scope="session")
def postgresql_server() -> postgresql.Server:
    """The run's PostgreSQL server (a test that takes it is marked `postgresql`)."""
    try:
        return postgresql.running()
    except postgresql.NotHere as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgresql_database(
    postgresql_server: postgresql.Server,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    worker_id: str,
) -> dict[str, Any]:
    """Settings of a migrated database of this process's own."""
    name = f"test_{worker_id}"
    # Migrated once per run: the other workers copy it.
    with (place.folder() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = postgresql_server.execute("SELECT datname FROM pg_database")
        if (TEMPLATE,) not in known:
            postgresql_server.execute(f"CREATE DATABASE {TEMPLATE}")
            with (
                django_db_blocker.unblock(),
                default_database(postgresql_server.settings(TEMPLATE)),
            ):
                call_command("migrate", verbosity=0, interactive=False)
        postgresql_server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return postgresql_server.settings(name)


# Class scope, so that the exchange happens before pytest-django, function by
# function, opens its transaction. (Outside a class it is the function's all the same.)
@pytest.fixture(
    scope="class",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def each_database(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[str]:
    """Run the test on SQLite, then on PostgreSQL; tells which ("sqlite", …)."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    settings = request.getfixturevalue("postgresql_database")
    with django_db_blocker.unblock(), default_database(settings):
        yield "postgresql"


@pytest.fixture(scope="class")
def on_postgresql(
    postgresql_database: dict[str, Any], django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Run the test on PostgreSQL only (mark it `postgresql`)."""
    with django_db_blocker.unblock(), default_database(postgresql_database):
        yield
