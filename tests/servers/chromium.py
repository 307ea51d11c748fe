"""A real Chromium, driven by Playwright."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

# What Playwright leaves out, too: what is said here takes the place of its own words.
LEFT_OUT = [
    # A popup of the address bar, twice: each is a page of its own, loaded for every
    # context, and takes more processor time than the short tests that never see it.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    # It would ask Google, or its machines, when it starts.
    "AimEnabled",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PreconnectToSearch",
    # Addresses stay what a test says, and pages are shown when they are there.
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "PaintHolding",
    # What keeps Playwright from its work.
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "LensOverlay",
    "ThirdPartyStoragePartitioning",
]
FLAGS = [
    f"--disable-features={','.join(LEFT_OUT)}",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # A test browser talks to nobody but us.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

# Milliseconds. The machine may stall for seconds: generous, since what is there is found
# at once.
LONG = 60_000


def program() -> str | None:
    """Return the browser to run: CHROMIUM, or one found on the PATH."""
    if named := os.environ.get("CHROMIUM"):
        return named
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@cache
def trouble_with_driver() -> str:
    """Return why Playwright's own program does not start, or "" when it does.

    On a bare Debian it lacks libatomic1; Playwright then only says that a connection
    was closed.
    """
    done = subprocess.run(
        [*compute_driver_executable(), "--version"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stderr.strip() if done.returncode else ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser per file of tests (mark `browser`).

    For as long as it is open, Playwright's loop counts as running in this thread, and
    asyncio and asgiref start no other: tests of code with a loop of its own would fail.
    """
    path = program()
    if path is None:
        pytest.skip("no Chromium on the PATH, and CHROMIUM names none")
    if words := trouble_with_driver():
        pytest.skip(f"Playwright's driver does not start: {words}")
    # Playwright's loop runs in this thread; Django would take it for async code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        flags = [*FLAGS, "--no-sandbox"] if os.getuid() == 0 else FLAGS
        started = playwright.chromium.launch(
            executable_path=path, headless=True, args=flags, timeout=120_000
        )
        expect.set_options(timeout=LONG)
        yield started
        started.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own for this test: no cookies, English, UTC."""
    made = browser.new_context(
        locale="en-GB", timezone_id="UTC", viewport={"width": 1280, "height": 900}
    )
    made.set_default_timeout(LONG)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A fresh page (mark `browser`)."""
    return context.new_page()
