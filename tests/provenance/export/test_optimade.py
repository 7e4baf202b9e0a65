"""A real OPTIMADE server made from an export by optimade-maker, asked by HTTP.

optimade-maker pins pandas below 3, so it has an environment of its own: `make optimade` makes it, and
`make test PYTEST_OPTIONS="-m optimade"` runs this file; HEZSP_OPTIMADE names another one.
"""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from discovery_graph import STANDIN, calcfunction, structure

from aiida_hezsp.provenance.deposit_metadata import make_metadata
from aiida_hezsp.provenance.export.deposit import export_deposit
from aiida_hezsp.provenance.predictions import rank_predictions

OPTIMAKE = Path(os.environ.get("HEZSP_OPTIMADE", Path(__file__).parents[3] / ".venv-optimade")) / "bin" / "optimake"
METADATA = {
    "title": "Served",
    "description": "For a test.",
    "authors": [{"name": "Ada Lovelace"}],
    "licence": "CC0-1.0",
    "keywords": ["one", "two", "three"],
}
# elements beside Li and O, MSD: above and below 120, with and without Hf, and one value an integer filter would miss.
ENTRIES = (("Hf", 120.4), ("Hf", 120.0), ("Hf", 30.0), ("Zr", 180.0), ("Hf", 155.5), ("Zr", 10.0))

pytestmark = [
    pytest.mark.optimade,
    pytest.mark.skipif(not OPTIMAKE.is_file(), reason=f"{OPTIMAKE} is missing: `make optimade` installs it"),
]


def new_structure(number, element):
    cell = structure(f"S{number}")
    cell.append_atom(symbols=element, position=(1.0, 1.0, 1.0))
    return cell


def predict(discovery, cell, number, element, msd):
    """Store a prediction of a structure, as hezsp.predict links it."""
    from aiida import orm

    known = {
        "formula": f"Li{element}O", "label": f"Li{element}O_{number}", "family": "lzsp", "type": "4-1", "x_li": 3.0,
        "s_config": 1.386, "entropy_class": "medium", "msd": msd, "msd_low": msd - 5, "msd_high": msd + 5,
        "coverage": 0.9, "features": {"a": 1.0}, "model_kind": "GB", "label_engines": [STANDIN], "volume": 64.0,
        "outside_domain": [],
    }  # fmt: skip
    calcfunction("predict", {"structure": cell, "model": discovery.nodes.sfmsd_model}, {"result": orm.Dict(known)})


@pytest.fixture(scope="module")
def server(discovery, tmp_path_factory):
    """The address of a server of six structures, one of them predicted twice."""
    for number, (element, msd) in enumerate(ENTRIES):
        cell = new_structure(number, element)
        if number == 0:
            predict(discovery, cell, number, element, 300.0)  # an older one, which is not served
        predict(discovery, cell, number, element, msd)
    folder = tmp_path_factory.mktemp("optimade")
    rows = [row for row in rank_predictions() if row.formula in {"LiHfO", "LiZrO"}]
    export_deposit(rows, folder / "served", make_metadata(METADATA, "here"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [OPTIMAKE, "serve", "--port", str(port), folder / "served"]
    environment = {**os.environ, "AIIDA_PATH": str(folder)}
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, env=environment) as run:
        try:
            address = f"http://127.0.0.1:{port}/v1"
            wait_for(address, run, folder / "log")
            yield address
        finally:
            run.terminate()


def wait_for(address, run, log):
    for _ in range(600):
        if run.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{address}/info", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server did not answer: {log.read_text()[-2000:]}")


def ask(address, condition):
    """Return the attributes of the structures that match."""
    asked = urllib.parse.urlencode({"filter": condition, "page_limit": 100})
    with urllib.request.urlopen(f"{address}/structures?{asked}", timeout=120) as answer:
        content = json.load(answer)
    assert content["meta"]["data_returned"] == len(content["data"])
    return [entry["attributes"] for entry in content["data"]]


def test_hafnium_and_fast(server):
    found = ask(server, 'elements HAS "Hf" AND _optimake_msd > 120')
    assert sorted(entry["_optimake_msd"] for entry in found) == [120.4, 155.5]
    assert all(entry["elements"] == ["Hf", "Li", "O"] for entry in found)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("_optimake_msd > 120", [120.4, 155.5, 180.0]),
        ('elements HAS "Hf"', [30.0, 120.0, 120.4, 155.5]),
        ('_optimake_region = "high"', [120.4, 155.5, 180.0]),
        ('_optimake_region = "low" AND elements HAS "Zr"', [10.0]),
        ('_optimake_formula = "LiZrO" AND _optimake_msd_low >= 175', [180.0]),
        ('_optimake_label_source = "stand-in" AND _optimake_msd_high < 36', [10.0, 30.0]),
        ("_optimake_x_li != 3", []),
    ],
)
def test_filters_agree_with_the_table(server, condition, expected):
    assert sorted(entry["_optimake_msd"] for entry in ask(server, condition)) == expected


def test_properties_are_described(server):
    with urllib.request.urlopen(f"{server}/info/structures", timeout=120) as answer:
        properties = json.load(answer)["data"]["properties"]
    assert properties["_optimake_msd"]["unit"] == "Å^2"
    assert "interval" in properties["_optimake_msd_low"]["description"]
    (entry,) = ask(server, "_optimake_msd = 180")
    assert entry["_optimake_label_engines"] == [STANDIN]
    assert entry["_optimake_features"] == {"a": 1.0}
    assert entry["_optimake_coverage"] == 0.9
