"""What every test may take, and the promise that nothing needed was skipped."""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.required import required
from tests.servers import place
from tests.servers.template import migrated
from tests.settings import PLACE

pytest_plugins = [
    "pytester",
    "tests.retest",
    "tests.sandbox",
    "tests.servers.chromium",
    "tests.servers.databases",
    "tests.servers.valkey",
]

# Minutes each.
LONGEST = {"test_accessibility.py", "test_run.py", "test_schemathesis.py"}

# The machine may stall for seconds: being slow is no fault of a test.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    # All that is imported and collected stays: to look through it for garbage again and
    # again takes a fifth of the time until the first test begins.
    gc.disable()
    PLACE.mkdir(mode=0o700)
    if not hasattr(config, "workerinput"):
        place.make()


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    if not hasattr(config, "workerinput"):
        place.remove()


def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: a third of the time, somebody waits for a lease."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Begin with the files that take longest, where files run side by side.

    Those are they that start desks and browsers, then those of the whole product, which
    lie in this folder. Begun last, one of them would keep one core busy, others idle.
    """
    if not hasattr(config, "workerinput"):
        return
    turn = {item.path: item.path.parent != Path(__file__).parent for item in items}
    for item in items:
        if item.get_closest_marker("flow") or item.get_closest_marker("browser"):
            turn[item.path] = -1
        if item.path.name in LONGEST:
            turn[item.path] = -2
    items.sort(key=lambda item: turn[item.path])


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    missing = required().intersection(mark.name for mark in item.iter_markers())
    if report.skipped and missing and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped, but this run must not do without "
            f"{', '.join(sorted(missing))}: {_reason(report.longrepr)}"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    report = yield
    # A module that skips itself while it is collected hides tests of any mark.
    if report.skipped and required():
        report.outcome = "failed"
        report.longrepr = (
            f"{report.nodeid} skipped itself whole, but this run must not do without "
            f"{', '.join(sorted(required()))}: {_reason(report.longrepr)}"
        )
    return report


def _reason(longrepr: object) -> str:
    """Return the words of a skip, which pytest keeps as (file, line, words)."""
    return str(longrepr[-1] if isinstance(longrepr, tuple) else longrepr)


@pytest.fixture(scope="session")
def live_server(django_db_setup: None, live_server: LiveServer) -> LiveServer:
    """The product on a free port, once the test database is there."""
    assert not live_server.thread.connections_override
    return live_server


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Copy the migrated database, and number rows from anywhere.

    What a row's number is, no test may know: the next one depends on the tests before,
    and those on who else runs beside.
    """
    shutil.copyfile(migrated(), settings.DATABASES["default"]["NAME"])
    tables = [m._meta.db_table for m in apps.get_models(include_auto_created=True)]
    begin = [(37 * number, table) for number, table in enumerate(tables, 1)]
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", begin
        )
        cursor.executemany(
            "INSERT INTO sqlite_sequence (seq, name) SELECT %s, %s WHERE NOT EXISTS "
            "(SELECT 1 FROM sqlite_sequence WHERE name = %s)",
            [(number, table, table) for number, table in begin],
        )
