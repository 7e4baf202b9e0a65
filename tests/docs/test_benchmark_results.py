"""The page of the benchmarks is made from the stored reports."""

import importlib
import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
STORED = sorted((DOCS / "benchmarks").glob("*.json"))


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    yield importlib.import_module("benchmark_results")
    for name in ("benchmark_results", "benchmark_figure"):
        sys.modules.pop(name, None)


def test_every_stored_report_is_named_after_its_benchmark():
    assert STORED
    for path in STORED:
        assert path.stem.startswith(json.loads(path.read_text(encoding="utf8"))["benchmark"])


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_tables_hold_the_numbers_of_the_report(extension, path):
    report = json.loads(path.read_text(encoding="utf8"))
    made = extension.tables(report["benchmark"])
    assert f"### `{report['command']}`" in made
    ratios = report["layouts"][0]["ratios"] if report["benchmark"] == "md" else report["ratios"]
    for ratio in ratios:
        assert f"| **{ratio['wall']:.1f}** |" in made
    for memory in report["memory"]:
        assert f"| {memory['peak_mb']:.0f} |" in made
    for table in made.split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1


def test_figure_is_the_same_file_every_time(extension, tmp_path):
    reports = [report for kind in extension.MODELS for report in extension.reports(kind)]
    extension.draw(reports, tmp_path / "one.svg")
    extension.draw(reports, tmp_path / "two.svg")
    text = (tmp_path / "one.svg").read_text(encoding="utf8")
    assert text == (tmp_path / "two.svg").read_text(encoding="utf8")
    assert "<svg" in text


@pytest.mark.parametrize("kind", ["md", "relax", "finetune"])
def test_all_fields_of_the_document_are_on_the_page(extension, kind):
    text = extension.fields(kind)
    listed = {line.split("`")[1] for line in text.splitlines()[2:]}
    for path in (path for path in STORED if path.stem.startswith(kind)):
        assert set(_paths(json.loads(path.read_text(encoding="utf8")), "")) <= listed
    assert {"machine.cpu", "versions", "memory[].peak_mb"} <= listed


def _paths(value, prefix):
    for key, inner in value.items():
        if isinstance(inner, dict) and key in {"machine", "disturbance", "subject"}:
            yield from _paths(inner, f"{prefix}{key}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield from _paths(inner[0], f"{prefix}{key}[].")
        elif inner != []:
            yield f"{prefix}{key}"


def test_a_report_of_other_fields_stops_the_build(extension, tmp_path, monkeypatch):
    changed = json.loads(STORED[0].read_text(encoding="utf8")) | {"surprise": 1}
    (tmp_path / STORED[0].name).write_text(json.dumps(changed), encoding="utf8")
    monkeypatch.setattr(extension, "REPORTS", tmp_path)
    with pytest.raises(ValueError, match="surprise"):
        extension.reports(changed["benchmark"])
