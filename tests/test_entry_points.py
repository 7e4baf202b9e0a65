"""Entry points: each loads, and file, entry point, test and documentation have one path."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from aiida.plugins import factories

ROOT = Path(__file__).parents[1]
# group -> folder of the package
FOLDERS = {
    "aiida.data": "data",
    "aiida.calculations": "calculations",
    "aiida.parsers": "parsers",
    "aiida.workflows": "workflows",
}
FACTORIES = {
    "aiida.data": factories.DataFactory,
    "aiida.calculations": factories.CalculationFactory,
    "aiida.parsers": factories.ParserFactory,
    "aiida.workflows": factories.WorkflowFactory,
}
# The whole of it is run once, by the end-to-end test.
TESTED_END_TO_END = {"hezsp.potential", "hezsp.discover"}
OURS = [
    pytest.param(group, point, id=f"{group}:{point.name}")
    for group in FOLDERS
    for point in entry_points(group=group)
    if point.value.startswith("aiida_hezsp")
]


def test_there_is_one_for_every_kind():
    counts = {group: sum(param.values[0] == group for param in OURS) for group in FOLDERS}
    assert all(counts.values()), counts


@pytest.mark.parametrize(("group", "point"), OURS)
def test_it_loads_by_aiidas_factory(group, point):
    assert FACTORIES[group](point.name) is point.load()


@pytest.mark.parametrize(("group", "point"), OURS)
def test_its_name_is_its_path(group, point):
    """`hezsp.dft.relax_images` of the work chains is `aiida_hezsp.workflows.dft.relax_images`."""
    prefix, _, tail = point.name.partition(".")
    assert prefix == "hezsp"
    assert point.module == f"aiida_hezsp.{FOLDERS[group]}.{tail}"


@pytest.mark.parametrize(("group", "point"), OURS)
def test_its_test_mirrors_its_path(group, point):
    if group == "aiida.workflows" and point.name in TESTED_END_TO_END:
        assert any((ROOT / "tests" / "end_to_end").glob("test_*.py"))
        return
    *folders, module = point.name.split(".")[1:]
    path = ROOT.joinpath("tests", FOLDERS[group], *folders, f"test_{module}.py")
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    assert "def test_" in path.read_text()


def modules(folder):
    """Return the names of the modules of a folder that define an entry point's class or function."""
    root = ROOT / "aiida_hezsp" / folder
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text()
        for path in root.rglob("*.py")
        if path.name != "__init__.py"
    }


@pytest.mark.parametrize(
    ("group", "mark"),
    [
        ("aiida.calculations", "@calcfunction"),
        ("aiida.calculations", 'JOB = "'),
        ("aiida.parsers", "Parser(EngineParser)"),
        ("aiida.workflows", "    def results("),
        ("aiida.data", "(orm.SinglefileData)"),
    ],
)
def test_nothing_is_forgotten(group, mark):
    """Every process, parser and type of data in the folders has an entry point."""
    names = {param.values[1].name.partition(".")[2] for param in OURS if param.values[0] == group}
    bases = {"base", "restarting", "dft.batch"}
    found = {name for name, text in modules(FOLDERS[group]).items() if mark in text} - bases
    assert found
    assert found <= names


def test_the_commands_of_verdi_load():
    (point,) = (point for point in entry_points(group="aiida.cmdline.data") if point.name == "hezsp")
    assert point.value == "aiida_hezsp.cli.data:cmd_data"
    assert point.load().name == "hezsp"


@pytest.mark.parametrize("name", ["aiida-hezsp", "hezsp-engine", "hezsp-vasp-standin"])
def test_programs_are_installed(name):
    (point,) = (point for point in entry_points(group="console_scripts") if point.name == name)
    assert callable(point.load())


def test_the_stored_class_of_a_data_type_is_its_entry_point(aiida_profile_clean):
    from aiida_hezsp.data import ChgnetModelData

    node = ChgnetModelData.bundled("0.3.0")
    assert node.node_type == "data.hezsp.chgnet_model.ChgnetModelData."
