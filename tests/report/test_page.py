import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from aiida_hezsp.report.campaign import gather_campaign
from aiida_hezsp.report.page import render_page, write_page


class Reader(HTMLParser):
    """Collect the cells of the table of predictions, figures, and whatever would need a network."""

    def __init__(self):
        super().__init__()
        self.rows, self.figures, self.outside, self.ids = [], [], [], []
        self.open = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        for name in ("src", "href"):
            if name in attributes and not attributes[name].startswith("data:"):
                self.outside.append(attributes[name])
        if tag == "img":
            self.figures.append(attributes["alt"])
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "td" in self.open and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def campaign(discovery):
    return gather_campaign(discovery.nodes.discover)


@pytest.fixture(scope="module")
def page(campaign):
    return render_page(campaign)


@pytest.fixture(scope="module")
def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_table_holds_every_prediction_in_order(read, discovery):
    rows = [row for row in read.rows if len(row) == 10]
    assert [row[1] for row in rows] == ["144.2", "120.5", "60.5"]
    assert {row[9] for row in rows} == {node.uuid for node in discovery.predictions.values()}
    assert rows[0][2].startswith("Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12")
    assert rows[0][6] == "124.2 to 164.2"
    assert {row[8] for row in rows} == {"standin r2scan"}


def test_page_needs_no_network(read, page):
    assert read.outside == []
    assert not re.search(r"https?://(?!www\.w3\.org)", re.sub(r"data:[^\"]+", "", page))
    assert "@import" not in page


def test_figures_and_sections(read):
    assert len(read.figures) == 9  # ranking, distribution, two parities, MSD, errors, importances, SHAP, waterfall
    assert {"ranking", "figures", "errors", "trace", "versions"} <= set(read.ids)


def test_errors_before_and_after(read):
    unseen = [row for row in read.rows if row and row[0] == "unseen"]
    assert [row[3:5] for row in unseen] == [["30", "200"], ["30", "200"]]
    assert ["", "after, best epoch", "4", "12", "80"] in [row[:5] for row in read.rows]


def test_banner_says_that_no_vasp_ran_and_runs_are_short(campaign, page):
    assert campaign.standin
    assert any(warning.startswith("No VASP ran") for warning in campaign.warnings)
    assert any("0.3 ps (the paper: 100 ps)" in warning for warning in campaign.warnings)
    assert any("8 compositions" in warning for warning in campaign.warnings)
    assert page.index("Read this first") < page.index("Ranking")


def test_no_banner_where_nothing_needs_saying(campaign):
    labels = [replace(row, label_engines=("vasp 6.4.2",)) for row in campaign.ranked]
    stages = tuple(
        replace(stage, processes=tuple(replace(p, engine=p.engine and "vasp 6.4.2") for p in stage.processes))
        for stage in campaign.trace.stages
    )
    trace = replace(campaign.trace, stages=stages)
    real = replace(campaign, ranked=labels, trace=trace, length_ps=100.0, n_rows=310)
    assert not real.standin
    assert real.warnings == []
    page = render_page(real)
    assert "Read this first" not in page
    assert "stand-in" not in re.sub(r"data:[^\"]+", "", page)


def test_what_users_typed_is_escaped(campaign):
    page = render_page(replace(campaign, title="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_versions_of_all_jobs(campaign):
    assert campaign.versions == {"ase": "3.29", "chgnet": "0.4.2", "scikit-learn": "1.9.1"}
    assert len(campaign.curves) == 8


def test_page_of_the_whole_profile(discovery, tmp_path):
    write_page(None, tmp_path / "all.html")
    text = (tmp_path / "all.html").read_text(encoding="utf8")
    assert "<title>Predicted solid electrolytes</title>" in text
    assert all(node.uuid in text for node in discovery.predictions.values())
