"""Where a run decides something, a skipped test of a real server fails it."""

import pytest
from django.conf import settings

MODULE = """
import pytest

@pytest.mark.postgresql
def test_skips_inside():
    pytest.skip("no PostgreSQL here")

@pytest.fixture
def server():
    pytest.skip("no Valkey here")

@pytest.mark.valkey
def test_skips_in_a_fixture(server):
    pass

@pytest.mark.browser
@pytest.mark.skip(reason="no browser here")
def test_skips_by_mark():
    pass

@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.postgresql)])
def each_database():
    pytest.skip("no second database here")

def test_skips_one_database(each_database):
    pass

@pytest.mark.skip(reason="not needed")
def test_may_be_skipped():
    pass

@pytest.mark.postgresql
@pytest.mark.xfail(reason="known")
def test_is_expected_to_fail():
    assert False

@pytest.mark.contract
def test_runs():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Run MODULE (or another one) in a pytest of its own; return its result."""
    for name in ("CI", "GATEHOUSE_REQUIRE", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(settings.BASE_DIR))
    # Start quickly: none of the installed plugins matters here.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nmarkers =\n postgresql\n valkey\n browser\n contract\n")
    pytester.makeconftest(
        "from tests.conftest import"
        " pytest_make_collect_report, pytest_runtest_makereport"
    )

    def begin(module: str = MODULE, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_things=module)
        return pytester.runpytest_subprocess(*arguments)

    return begin


def test_on_a_persons_machine_what_is_missing_is_skipped(run) -> None:
    result = run()
    result.assert_outcomes(passed=1, skipped=5, xfailed=1)
    assert result.ret == 0


def test_ci_fails_whatever_skipped_a_needed_server(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = run()
    # Skipping in a fixture is an error of the set-up, which fails a run as well.
    result.assert_outcomes(passed=1, failed=1, errors=3, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines_random(
        [
            "*test_skips_inside was skipped, but * postgresql: *no PostgreSQL here*",
            "*test_skips_in_a_fixture was skipped, but * valkey: *no Valkey here*",
            "*test_skips_by_mark was skipped, but * browser: *no browser here*",
            "*test_skips_one_database* was skipped*second database*",
        ]
    )
    assert result.ret == 1


def test_the_same_holds_in_xdist_workers(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = run(MODULE, "-p", "xdist", "-n", "1")
    result.assert_outcomes(passed=1, failed=1, errors=3, skipped=1, xfailed=1)


def test_a_run_can_name_what_it_needs(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_REQUIRE", "valkey, browser")
    run().assert_outcomes(passed=1, errors=2, skipped=3, xfailed=1)


def test_a_module_that_skips_itself_cannot_hide_what_it_holds(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "import pytest\npytest.importorskip('no_such_module')\n"
    assert run(module).ret == pytest.ExitCode.NO_TESTS_COLLECTED
    monkeypatch.setenv("CI", "true")
    result = run(module)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines_random(["*skipped itself whole*no_such_module*"])
