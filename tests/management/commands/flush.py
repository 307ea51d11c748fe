"""Empty the database at the end of a transactional test, the ledger included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import flush
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.audit import triggers


class Command(flush.Command):
    """Django's `flush`, but it may empty what its triggers make append-only.

    The `post_migrate` signal that flush ends with makes them again.
    """

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        with _bounded_waiting(connection):
            triggers.drop(connection)
            super().handle(**options)


@contextmanager
def _bounded_waiting(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Fail when a thread that a test left behind holds a table, rather than hang."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '60s'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")
