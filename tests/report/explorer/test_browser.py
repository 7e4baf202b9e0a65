"""The explorer used in a real Chromium, and what it shows compared with Python's own answers."""

import io
import re
import time

import numpy as np
import pytest
from aiida import orm
from explorer_browser import COLORS_OF_CANVAS, FOCUSED, PHONE, SCROLL, TOO_WIDE, TYPE_HF, Visit, chromium
from explorer_content import FILTERS, HOSTILE, KEYS, enlarged, hostile, mixed

from aiida_hezsp.provenance.distribution import place_of
from aiida_hezsp.provenance.predictions import rounded
from aiida_hezsp.report.explorer.page import write_explorer
from aiida_hezsp.report.explorer.source import gather_explorer

pytestmark = pytest.mark.browser
MAX_ROWS = 60  # elements for rows, however many predictions there are


@pytest.fixture(scope="module")
def content(many):
    return gather_explorer()


@pytest.fixture(scope="module")
def rows(content):
    """Every prediction as a dictionary, best first."""
    columns = content.table["columns"]
    found = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for place, row in enumerate(found):
        row["rank"] = place + 1
        row["elements"] = set(re.findall("[A-Z][a-z]?", row["formula"]))
        row["kind"] = content.table["models"][row["model"]]["kind"]
        row["region"] = "low" if row["msd"] < 40 else "medium" if row["msd"] <= 120 else "high"
    return found


@pytest.fixture(scope="module")
def folder(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    write_explorer(content, folder / "plain.html")
    write_explorer(mixed(content), folder / "mixed.html")
    write_explorer(hostile(content), folder / "hostile.html")
    write_explorer(enlarged(content, 5000), folder / "thousands.html")
    return folder


@pytest.fixture(scope="module")
def browser(folder):
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def windows():
    """The windows that are open, by page: opening one takes longer than a test."""
    return {}


@pytest.fixture
def visit(browser, folder, windows):
    """Show a page in a state, opened before or now; what went wrong in it is looked at in the end."""

    def show(name="plain", hash_="", **window):
        key = (name, bool(window))
        if key in windows and not window:
            windows[key].go(hash_)
        else:
            windows[key] = Visit(browser, folder / f"{name}.html", hash_=hash_, **window)
        return windows[key]

    yield show
    for opened in windows.values():
        opened.check()


def full_place(content):
    """Return the row of the first structure with all its atoms."""
    return next(k for k, structure in enumerate(content.structures) if len(structure.symbols) > 100)


def test_opens_with_the_best_first(visit, rows):
    page = visit()
    assert page.text("#count") == "360 of 360 predictions"
    assert page.page.title() == "Predicted solid electrolytes"
    assert "Stand-in labels, no VASP ran." in page.text(".banner")
    for cells, row in zip(page.rows_in_sight(), rows, strict=False):
        assert cells[0] == str(row["rank"])
        assert cells[1].startswith(row["formula"])
        assert cells[2:4] == [rounded(row["msd"]), f"{rounded(row['msd_low'])} to {rounded(row['msd_high'])}"]
        assert cells[4:7] == [row["type"], f"{row['x_li']:g}", f"{row['s_config']:.3f}"]
        assert cells[7] == "standin r2scan"
    assert page.uuids() == [row["uuid"] for row in rows]


@pytest.mark.parametrize("hash_", FILTERS)
def test_filters_agree_with_a_scan(visit, rows, hash_):
    page = visit(hash_=hash_)
    expected = [row["uuid"] for row in rows if FILTERS[hash_](row)]
    assert page.text("#count") == f"{len(expected)} of 360 predictions"
    assert page.uuids() == expected
    assert page.page.locator("#nothing").is_visible() == (not expected)


def test_filters_by_hand(visit, rows):
    page = visit()
    hafnium = page.page.locator('.element[data-symbol="Hf"]')
    hafnium.click()
    assert hafnium.get_attribute("data-state") == "include"
    assert hafnium.get_attribute("aria-label").startswith("Hf: must be in it")
    page.page.fill("#msd-low", "45")
    page.page.locator(".choice.region").get_by_role("button", name="medium").click()
    page.page.fill("#search", "sn")
    chosen = [
        row["uuid"]
        for row in rows
        if {"Hf", "Sn"} <= row["elements"] and row["msd"] >= 45 and row["region"] == "medium"
    ]
    assert chosen
    assert page.uuids() == chosen
    hafnium.click()
    assert hafnium.get_attribute("data-state") == "exclude"
    expected = [
        row["uuid"]
        for row in rows
        if "Hf" not in row["elements"] and "Sn" in row["elements"] and row["msd"] >= 45 and row["region"] == "medium"
    ]
    assert page.uuids() == expected
    page.page.get_by_role("button", name="Clear filters").click()
    assert page.text("#count") == "360 of 360 predictions"
    assert page.page.input_value("#search") == ""


@pytest.mark.parametrize("key", KEYS)
def test_sorts_both_ways_and_keeps_ties_in_order(visit, rows, key):
    page = visit()
    heading = page.page.locator(f'.head [data-key="{key}"]')
    orders = set()
    for _ in range(2):
        heading.get_by_role("button").click()
        order = heading.get_attribute("aria-sort")
        orders.add(order)
        expected = sorted(rows, key=KEYS[key], reverse=order == "descending")
        found = page.uuids()
        if key == "width":  # differences of rounded numbers: ties are not exact
            by_uuid = {row["uuid"]: KEYS[key](row) for row in rows}
            values = [by_uuid[uuid] for uuid in found]
            assert np.allclose(values, [KEYS[key](row) for row in expected], atol=1e-4)
        else:
            assert found == [row["uuid"] for row in expected]
    assert orders == {"ascending", "descending"}


def test_chosen_prediction_is_what_the_graph_holds(visit, content, rows):
    row = rows[41]
    page = visit(hash_=f"#sel={row['uuid']}")
    node = orm.load_node(row["uuid"])
    distribution, percentile = place_of(node)
    assert page.text("#detail h2") == row["formula"]
    assert page.text("#detail .value") == rounded(row["msd"])
    assert f"90 % interval {rounded(row['msd_low'])} to {rounded(row['msd_high'])}" in page.text(".interval")
    place = re.fullmatch(
        r"Place (\d+) of the (\d+) predictions of model (\w+), percentile ([0-9.]+)", page.text(".place")
    )
    assert place.groups()[:3] == (str(distribution.place(node["msd"])), str(distribution.n), row["kind"])
    assert float(place[4]) == pytest.approx(percentile, abs=0.051)
    assert page.text("#detail .uuid code") == row["uuid"]
    assert "no VASP ran" in page.text("#detail .warning")
    for name, values in content.table["features"].items():
        shown = page.page.locator(f'[data-feature="{name}"]').text_content()
        assert float(shown) == pytest.approx(values[row["rank"] - 1], rel=1e-4)
    assert "Å" in page.text(".features table")
    waterfall = page.page.locator(".waterfall")
    texts = waterfall.locator("text").all_text_contents()
    assert texts[0] == f"f(x) = {rounded(row['msd'])}"
    assert texts[-1] == f"mean = {rounded(row['shap_base'])}"
    effects = [float(text.replace("\N{MINUS SIGN}", "-")) for text in waterfall.locator(".effect").all_text_contents()]
    assert row["shap_base"] + sum(effects) == pytest.approx(row["msd"], abs=0.3)
    largest = max(content.table["shap"], key=lambda name: abs(content.table["shap"][name][row["rank"] - 1]))
    assert texts[1].startswith(f"{largest} = ")


def test_trace_of_the_chosen_prediction(visit, rows, many):
    page = visit(hash_=f"#sel={rows[5]['uuid']}")
    stage = page.page.locator('[data-stage="relaxation_dft"]')
    runs = [*many.discovery.vasp_relaxations, *many.discovery.interrupted_vasp]
    assert stage.locator(".stage-count").text_content() == str(len(runs))
    assert "4 \N{MULTIPLICATION SIGN} standin r2scan" in stage.text_content()
    stage.locator("summary").click()
    stage.locator("code").nth(len(runs) - 1).wait_for()  # written once the stage is open
    assert set(stage.locator("code").all_text_contents()) == {run.uuid for run in runs}
    own = page.page.locator('[data-stage="prediction"]')
    own.locator("summary").click()
    own.locator("code", has_text=rows[5]["uuid"]).wait_for()


def test_cif_is_the_relaxed_structure(visit, content, rows):
    from ase.io import read

    place = full_place(content)
    page = visit(hash_=f"#sel={rows[place]['uuid']}")
    text = page.saved("Download CIF")
    found, expected = read(io.StringIO(text), format="cif"), content.structures[place]
    assert found.get_chemical_symbols() == list(expected.symbols)
    difference = found.get_scaled_positions() - expected.fractional
    difference -= np.round(difference)
    assert np.abs(difference @ expected.cell).max() < 0.002
    lengths = np.linalg.norm(expected.cell, axis=1)
    assert found.cell.lengths() == pytest.approx(lengths, abs=1e-3)
    assert content.table["own"]["structure"][place] in text
    assert "labels by standin r2scan" in text


def picture(page):
    """Return the pixels of the drawing, after it was painted."""
    page.page.wait_for_timeout(300)
    return page.page.locator("canvas.crystal").evaluate("canvas => canvas.toDataURL()")


def test_structure_is_drawn_and_turns_by_keys(visit, content, rows):
    page = visit(hash_=f"#sel={rows[full_place(content)]['uuid']}")
    canvas = page.page.locator("canvas.crystal")
    canvas.wait_for()
    first = picture(page)
    assert canvas.evaluate(COLORS_OF_CANVAS) > 500  # shaded balls and polyhedra, not a blank
    canvas.focus()
    page.page.keyboard.press("ArrowRight")
    turned = picture(page)
    assert turned != first
    page.page.keyboard.press("+")
    assert picture(page) != turned
    page.page.keyboard.press("0")
    assert picture(page) == first
    page.page.get_by_role("button", name="Polyhedra").click()
    assert picture(page) != first
    page.page.get_by_role("button", name="Polyhedra").click()
    assert picture(page) == first
    assert "Li" in page.text(".legend")


def test_everything_by_keyboard(visit, rows):
    page = visit()
    keyboard = page.page.keyboard
    keyboard.press("/")
    assert page.page.evaluate("document.activeElement.id") == "search"
    keyboard.type("Hf")
    keyboard.press("Escape")
    keyboard.press("Tab")
    keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.className").startswith("element")
    first = page.page.evaluate("document.activeElement.dataset.symbol")
    keyboard.press("ArrowRight")
    assert page.page.evaluate("document.activeElement.dataset.symbol") != first
    page.page.locator('.element[data-symbol="Zr"]').focus()
    keyboard.press("ArrowDown")
    assert page.page.evaluate("document.activeElement.dataset.symbol") == "Hf"
    keyboard.press("-")
    assert page.page.locator('.element[data-symbol="Hf"]').get_attribute("data-state") == "exclude"
    page.page.get_by_role("button", name="Clear filters").focus()
    keyboard.press("Enter")
    page.page.focus("#grid")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    active = page.page.locator("#grid").get_attribute("aria-activedescendant")
    assert active == "row-2"
    keyboard.press("Enter")
    assert page.text("#detail .uuid code") == rows[2]["uuid"]
    assert page.page.locator('[aria-selected="true"]').count() == 1
    keyboard.press("End")
    keyboard.press("Enter")
    assert page.text("#detail .uuid code") == rows[-1]["uuid"]
    keyboard.press("PageUp")
    keyboard.press("Home")
    assert page.page.locator("#grid").get_attribute("aria-activedescendant") == "row-0"
    keyboard.press("Escape")
    assert "sel=" not in page.page.url
    assert page.page.evaluate("document.activeElement.id") == "grid"


def test_every_stop_of_the_tab_key_can_be_seen(visit):
    page = visit()
    seen = set()
    for _ in range(80):
        page.page.keyboard.press("Tab")
        shown = page.page.evaluate(FOCUSED)
        if shown[0] == "BODY":
            break
        assert shown[2] != "none", shown
        assert shown[3], f"no name: {shown}"
        seen.add(shown[1])
    assert {"search", "grid", "csv", "crystal"} <= seen


def test_link_shows_what_its_sender_saw(visit, browser, folder):
    first = visit()
    first.page.locator('.element[data-symbol="Sn"]').click()
    first.page.fill("#msd-low", "40")
    first.page.locator('.head [data-key="x_li"] button').click()
    first.page.locator("#grid .row").nth(1).click()
    uuid = first.text("#detail .uuid code")
    second = Visit(browser, folder / "plain.html", hash_="#" + first.page.url.partition("#")[2])
    assert second.text("#detail .uuid code") == uuid
    assert second.text("#count") == first.text("#count")
    assert second.page.input_value("#msd-low") == "40"
    assert second.uuids() == first.uuids()
    second.check()
    first.page.go_back()
    first.page.wait_for_timeout(100)
    assert "sel=" not in first.page.url


def test_copies_the_uuid(visit, rows):
    page = visit(hash_=f"#sel={rows[0]['uuid']}")
    page.page.get_by_role("button", name="Copy UUID").click()
    pytest.importorskip("playwright.sync_api").expect(page.page.locator("#said")).to_have_text("UUID copied")
    page.page.focus("#search")
    page.page.keyboard.press("Control+V")
    assert page.page.input_value("#search") == rows[0]["uuid"]
    assert page.text("#count") == "1 of 360 predictions"


@pytest.mark.parametrize("width", [320, 390])
def test_phone(visit, rows, width):
    page = visit(**{**PHONE, "viewport": {"width": width, "height": 800}})
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.page.evaluate(fits)
    assert not page.page.locator("#periodic").is_visible()
    page.page.locator("#filters summary").tap()
    assert page.page.locator("#periodic").is_visible()
    assert page.page.evaluate(fits)
    box = page.page.locator('.element[data-symbol="Hf"]').bounding_box()
    assert min(box["width"], box["height"]) >= 24  # WCAG 2.2, target size
    page.page.locator('.element[data-symbol="Hf"]').tap()
    page.page.locator("#filters summary").tap()
    chosen = [row for row in rows if "Hf" in row["elements"]]
    page.page.select_option("#sort", "msd")
    page.page.locator("#row-0").tap()
    assert page.text("#detail .uuid code") == chosen[-1]["uuid"]
    page.page.locator("canvas.crystal").wait_for()
    assert page.page.evaluate(fits)
    assert page.page.evaluate(TOO_WIDE) == []
    page.page.get_by_role("button", name="Back to the table").tap()
    assert page.page.locator("#detail").is_hidden()


def test_mixed_labels_are_marked_row_by_row(visit):
    page = visit("mixed")
    assert "240 of 360 predictions rest" in page.text(".banner")
    labels = [cells[7] for cells in page.rows_in_sight()]
    assert labels[:3] == ["vasp 6.4.2", "standin r2scan", "standin r2scan"]
    assert page.page.locator("#detail .content > .warning").count() == 0
    page.page.locator("#row-1").click()
    assert "no VASP ran" in page.text("#detail .content > .warning")
    page.page.get_by_role("button", name="vasp 6.4.2").click()
    assert page.text("#count") == "120 of 360 predictions"
    phone = visit("mixed", **PHONE)
    assert "stand-in" in phone.text("#row-1 .summary")
    assert "stand-in" not in phone.text("#row-0 .summary")


def test_markup_in_data_stays_text(visit):
    page = visit("hostile")
    assert page.page.title() == HOSTILE
    assert page.text("h1") == HOSTILE
    assert page.text("#row-0 .formula-text") == HOSTILE
    assert page.page.locator("img").count() == 0


def test_thousands_stay_fluid(visit, record_property):
    page = visit("thousands")
    assert page.text("#count") == "5,000 of 5,000 predictions"
    assert page.page.locator("#grid .row").count() < MAX_ROWS
    begun = time.perf_counter()
    slowest, n_rows = page.page.evaluate(SCROLL)
    record_property("slowest_scroll_frame_ms", slowest)
    assert n_rows < MAX_ROWS
    latency = page.page.evaluate(TYPE_HF)
    record_property("filter_ms", latency)
    assert latency < 2000  # a frozen page, not a slow machine
    assert int(page.text("#count").split()[0].replace(",", "")) < 5000
    page.page.focus("#grid")
    page.page.keyboard.press("End")
    assert page.page.locator("#grid .row.active").is_visible()
    assert time.perf_counter() - begun < 120


def test_without_structures(browser, content, tmp_path):
    from aiida_hezsp.report.explorer.source import ExplorerContent

    write_explorer(ExplorerContent(content.table, None), tmp_path / "page.html")
    page = Visit(browser, tmp_path / "page.html")
    page.page.wait_for_function(
        "document.querySelector('section.structure').textContent.includes('without structures')"
    )
    page.check()
