"""Database triggers that refuse to change history, on SQLite and PostgreSQL.

The model refuses too, but only the database stops raw SQL. Only its owner can drop
them, and `verify_audit` notices when they did. They are made after every `migrate`,
because rebuilding a table on SQLite drops its triggers silently.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

TABLE = "audit_auditevent"
HEAD = "audit_ledgerhead"
WORDS = "audit events are append-only"
REFUSAL = f" BEGIN RAISE EXCEPTION '{WORDS}'; END "

SQLITE = {
    "audit_event_no_update": f"BEFORE UPDATE ON {TABLE}",
    "audit_event_no_delete": f"BEFORE DELETE ON {TABLE}",
    "audit_head_no_delete": f"BEFORE DELETE ON {HEAD}",
}
POSTGRESQL = {
    "audit_event_no_update": f"BEFORE UPDATE ON {TABLE} FOR EACH ROW",
    "audit_event_no_delete": f"BEFORE DELETE ON {TABLE} FOR EACH ROW",
    "audit_event_no_truncate": f"BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT",
    "audit_head_no_delete": f"BEFORE DELETE ON {HEAD} FOR EACH ROW",
    "audit_head_no_truncate": f"BEFORE TRUNCATE ON {HEAD} FOR EACH STATEMENT",
}


def _wanted(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE


def _body(connection: BaseDatabaseWrapper) -> str:
    if connection.vendor == "postgresql":
        return "EXECUTE FUNCTION audit_refuse()"
    return f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"


def create(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers that are not there or no longer refuse."""
    wanted = _wanted(connection)
    with connection.cursor() as cursor:
        for name in missing(connection):
            when = wanted[name]
            cursor.execute(_drop(connection, name, when))
            if connection.vendor == "postgresql":
                cursor.execute(
                    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger "
                    f"LANGUAGE plpgsql AS $${REFUSAL}$$"
                )
            cursor.execute(f"CREATE TRIGGER {name} {when} {_body(connection)}")


def _drop(connection: BaseDatabaseWrapper, name: str, when: str) -> str:
    table = TABLE if TABLE in when else HEAD
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    return f"DROP TRIGGER IF EXISTS {name}{on}"


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: only for archiving and for emptying a test database."""
    with connection.cursor() as cursor:
        for name, when in _wanted(connection).items():
            cursor.execute(_drop(connection, name, when))


@contextmanager
def removable(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let events be removed within the transaction around it: only for archiving.

    On PostgreSQL readers go on; whoever writes waits for the head that we hold.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Only within a transaction.")
    name = "audit_event_no_delete"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER {name}")
            yield
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER {name}")
        else:
            when = SQLITE[name]
            cursor.execute(_drop(connection, name, when))
            yield
            cursor.execute(f"CREATE TRIGGER {name} {when} {_body(connection)}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are not there, are off or no longer refuse."""
    wanted = _wanted(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # tgenabled 'D' is a trigger somebody disabled: as good as none.
            cursor.execute(
                "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
                "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND prosrc = %s",
                [REFUSAL],
            )
            sound = {row[0] for row in cursor.fetchall()}
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            sound = {
                name
                for name, sql in cursor.fetchall()
                if name in wanted
                and sql == f"CREATE TRIGGER {name} {wanted[name]} {_body(connection)}"
            }
    return [name for name in wanted if name not in sound]


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Make the triggers and the head row (a post_migrate receiver)."""
    tables = connections[using].introspection.table_names()
    if TABLE not in tables or HEAD not in tables:
        return
    from portal.audit.models import LedgerHead  # the app registry is ready only now

    LedgerHead.objects.using(using).get_or_create(pk=1)
    create(connections[using])
