"""A real Chromium that opens an explorer page and keeps account of what went wrong in it."""

import csv
import io
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
# Chromium asks for updates, proxies and the like by itself: not here.
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-quic",
]  # fmt: skip
# Questions to the page, in its own language.
COLORS_OF_CANVAS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""
TOO_WIDE = """() => [...document.querySelectorAll('#detail .content *')]
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('svg'))
    .map(element => element.className)"""
FOCUSED = """() => {
    const element = document.activeElement;
    const name = element.ariaLabel || element.textContent.trim() || element.labels?.[0]?.textContent;
    return [element.tagName, element.id || element.className, getComputedStyle(element).outlineStyle, Boolean(name)];
}"""
SCROLL = """async () => {
    const grid = document.getElementById('grid');
    const frames = [];
    for (let k = 0; k < 40; k++) {
        const start = performance.now();
        grid.scrollTop = k * 4000;
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - start);
    }
    return [Math.max(...frames), document.querySelectorAll('#grid .row').length];
}"""
TYPE_HF = """() => {
    const search = document.getElementById('search');
    const start = performance.now();
    search.value = 'hf';
    search.dispatchEvent(new Event('input'));
    return performance.now() - start;
}"""


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
    """One page in a window of its own; `check` says what went wrong."""

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

    def check(self):
        """Fail if the page complained, or asked for anything but itself and what it made."""
        outside = [url for url in self.requests if not url.startswith((self.url, "blob:", "data:"))]
        assert outside == []
        assert self.errors == []

    def go(self, hash_):
        """Bring the open page into the state of an address, as if it were new."""
        self.page.evaluate("document.activeElement.blur()")
        for state in ("#new", hash_ or "#"):
            self.page.evaluate("hash => { location.hash = hash }", state)
            self.page.wait_for_timeout(30)

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
