"""Which real things a test run must not do without."""

import os

NEEDED = ("postgresql", "valkey", "browser", "contract", "compose", "clients")


def required() -> set[str]:
    """Return the marks whose tests must not be skipped in this run.

    On a person's machine a missing server skips its tests with words. Where the run
    decides something (CI=true, or GATEHOUSE_REQUIRE=postgresql,valkey) it fails them.
    """
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        return set(NEEDED)
    return {
        name.strip() for name in os.environ.get("GATEHOUSE_REQUIRE", "").split(",")
    } - {""}
