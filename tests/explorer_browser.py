"""A real Chromium that opens an explorer page and keeps account of what went wrong in it."""

import csv
import io
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ("Visit", "chromium", "plain")

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
# Chromium asks for updates, proxies and the like by itself: not here.
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip


def chromium_path() -> str:
    """Return the installed browser; skip the test without one, or fail where one is required, as in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("HEZSP_REQUIRE_BROWSER"):
        pytest.fail("no Chromium is installed, and HEZSP_REQUIRE_BROWSER is set")
    pytest.skip("no Chromium is installed")


@contextmanager
def chromium():
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One page in a window of its own; `errors` and `requests` must stay empty."""

    def __init__(self, browser, path: Path, *, hash_="", **window):
        self.url = path.as_uri()
        self.errors, self.requests = [], []
        self.context = browser.new_context(accept_downloads=True, **(window or DESKTOP))
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(self.url + hash_)
        self.page.wait_for_selector("body.ready")

    def close(self):
        """Close the window and check what it was asked to remember."""
        self.context.close()
        # The page itself, and blobs and data that it made.
        outside = [url for url in self.requests if not url.startswith((self.url, "blob:", "data:"))]
        assert outside == []
        assert self.errors == []

    def go(self, hash_):
        """Change the address of the open page."""
        self.page.evaluate("(hash) => { location.hash = hash }", hash_)
        self.page.wait_for_timeout(50)

    def saved(self, button) -> str:
        """Return the text of the file that a button lets the browser save."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button, exact=True).click()
        return Path(download.value.path()).read_text(encoding="utf8")

    def table(self) -> list[dict]:
        """Return the rows of the table, all of them in their order, as the page saves them."""
        return list(csv.DictReader(io.StringIO(self.saved("Download CSV"))))

    def uuids(self) -> list[str]:
        """Return the UUIDs of the rows in their order."""
        return [row["uuid"] for row in self.table()]

    def rows_in_sight(self) -> list[list[str]]:
        """Return the texts of the cells of the rows that exist as elements, from the top."""
        rows = self.page.locator("#grid .row").evaluate_all(
            "rows => rows.map(row => [Number(row.ariaRowIndex), ...[...row.children].map(cell => cell.textContent)])"
        )
        return [cells for _, *cells in sorted(rows)]

    def text(self, selector) -> str:
        """Return the text of one element."""
        return plain(self.page.locator(selector).first.text_content())


def plain(text: str) -> str:
    """Return text with single blanks."""
    return " ".join(text.split())
