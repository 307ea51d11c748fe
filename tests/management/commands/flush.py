"""Empty the database at the end of a transactional test, the ledger included."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

from portal.audit import triggers

# What `migrate` filled in besides the ledger's head; no test alters it.
KEPT = {"auth_permission", "django_content_type"}


class Command(flush.Command):
    """Empties the tables that hold rows, also those that are append-only.

    Django's own empties each one and has what `migrate` filled in computed anew, for
    many times the work.
    """

    def handle(self, **options: Any) -> None:
        alias = options["database"]
        connection = connections[alias]
        names = {*connection.introspection.django_table_names()} - KEPT
        quoted = {name: connection.ops.quote_name(name) for name in sorted(names)}
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # A thread that a test left behind may hold a table: fail, never hang.
                cursor.execute("SET LOCAL lock_timeout = '60s'")
                cursor.execute(f"LOCK {', '.join(quoted.values())} IN EXCLUSIVE MODE")
                # Neither triggers nor foreign keys: all goes together.
                cursor.execute("SET LOCAL session_replication_role = replica")
            else:
                triggers.drop(connection)
            cursor.execute(
                " UNION ALL ".join(
                    f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table})"  # noqa: S608
                    for name, table in quoted.items()
                )
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {quoted[name]}")  # noqa: S608
            triggers.after_migrate(using=alias)
