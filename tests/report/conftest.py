"""What the tests of the page share: a real browser, and a word where there is none."""

from __future__ import annotations

import os
import pathlib
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.runs import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEEDS_BROWSER = "needs Chromium"  # every skip for want of one says so
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def _without(what: str) -> None:
    message = f"{NEEDS_BROWSER}: {what}"
    if os.environ.get("KERAS_VIS_BROWSER") == "required":
        pytest.fail(f"{message}, and KERAS_VIS_BROWSER=required")
    pytest.skip(message)


# Of a module, not of the session: while it is open an event loop runs in this thread, which no other test expects.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; skips, aloud, where there is none, and fails where KERAS_VIS_BROWSER=required."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        _without("none of " + ", ".join(_PROGRAMS) + " is there")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _without("the package `playwright` is not there")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield found
        found.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the page of a run: `visit(directory, chosen="epoch=3", width=1200, scheme="light")`.

    When the test ends, nothing may have gone wrong in any page, and nothing been asked for outside its directory.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(
        directory: pathlib.Path, chosen: str = "", *, width: int = 1200, height: int = 1600, scheme: str = "light"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(5_000)
        contexts.append(context)
        page = context.new_page()
        home = directory.resolve().as_uri()
        page.asked = []

        def ask(request: Any) -> None:
            if not request.url.startswith(("data:", f"{home}/")):
                complaints.append(f"asked for {request.url}")
            page.asked.append(urllib.parse.unquote(request.url.removeprefix(f"{home}/").partition("?")[0]))

        page.on("request", ask)
        page.on("requestfailed", lambda request: complaints.append(f"did not get {request.url}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.goto(f"{home}/index.html" + (f"#{chosen}" if chosen else ""))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run of two pictures and five epochs, 0 to 4, which no test changes."""
    return run(tmp_path_factory.mktemp("run"))
