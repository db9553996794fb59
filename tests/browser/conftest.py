"""A real browser for tests of pages: Chromium, driven through Playwright, with nothing but this machine to talk to.

The browser is the one `PLANNER_TEST_BROWSER` names, else the first of `NAMES` on the path. Without one these tests are
skipped and say so; where `CI` is set they fail, since there nobody would notice.
"""

import os
import shutil
import warnings
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# read before a test's guard takes the variables of the caller away
_NAMED = os.environ.get("PLANNER_TEST_BROWSER")
_IS_CI = bool(os.environ.get("CI"))


def find_browser():
    """Path of a browser, or `None`."""
    return _NAMED or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser():
    """The browser, started once; tests open their own windows with `open_page`."""
    path = find_browser()
    if path is None:
        message = (
            f"No browser: none of {', '.join(NAMES)} is on the path. Install one (Debian: apt-get install chromium) or "
            "set PLANNER_TEST_BROWSER to its path."
        )
        (pytest.fail if _IS_CI else pytest.skip)(message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the driver, on the way out
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import, and only the slow tests need it

        with sync_playwright() as driver:
            running = driver.chromium.launch(executable_path=path, args=list(FLAGS))
            yield running
            running.close()


@pytest.fixture
def open_page(browser):
    """Opens a page in a window of its own and writes down what it should not do: `page.faults`.

    Faults are messages of the console, errors, dialogs and requests that leave the machine; a test ends with none.
    Options are those of a browser context: `viewport`, `color_scheme` ...
    """
    contexts, pages = [], []

    def open_(address, **options):
        context = browser.new_context(**options)
        context.set_default_timeout(120_000)  # a busy machine is no failure
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (page.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: _is_here(request.url) or page.faults.append(f"request: {request.url}"))
        pages.append(page)
        page.goto(str(address))
        return page

    yield open_

    faults = [fault for page in pages for fault in page.faults]
    for context in contexts:
        context.close()
    assert [] == faults


def _is_here(address):
    parts = urlsplit(address)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost", "::1")
