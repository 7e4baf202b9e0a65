"""Launching: plans without a profile, real runs, and one line for every kind of wrong input with nothing stored."""

import json

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root

SENARY = "{space: senary, n: 1, formulas: null, seed: 1}"
HOST, QUINARY = "Li3Zr2Si2PO12", "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"
LIF = """\
LiF
1.0
4.03 0 0
0 4.03 0
0 0 4.03
Li F
4 4
Cartesian
0.05 0 0
0 2.015 2.015
2.015 0 2.015
2.015 2.015 0
2.015 0 0
0 2.015 0
0 0 2.015
2.015 2.015 2.015
"""
PARTLY = b"""\
data_x
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Li1 Li 0 0 0 0.5
"""
ALUMINIUM = "Al\n1.0\n4.15 0 0\n0 4.15 0\n0 0 4.15\nAl\n4\nDirect\n0 0 0.01\n0 .5 .5\n.5 0 .5\n.5 .5 0\n"


def launch(*arguments, profile=None):
    options = [] if profile is None else ["--profile", profile]
    return CliRunner().invoke(cmd_root, [*options, "launch", *map(str, arguments)])


@pytest.fixture
def lif(tmp_path):
    path = tmp_path / "lif.vasp"
    path.write_text(LIF)
    return path


@pytest.fixture(scope="module")
def ready(aiida_profile):
    """A profile that is set up, kept for all tests of this file; returns how many nodes it holds, as a function."""
    from aiida_hezsp.cli.environment import ensure_codes, ensure_computer, ensure_standin_potentials

    aiida_profile.reset_storage()
    ensure_codes(ensure_computer())
    ensure_standin_potentials()
    yield lambda: orm.QueryBuilder().append(orm.Node).count()
    aiida_profile.reset_storage()


def one_line(result):
    """Check that a command failed with one line on stderr, and return the line."""
    assert result.exit_code != 0
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("Error: ")
    return result.stderr


# --- plans

CAMPAIGNS = ["potential", "sfmsd", "active", "screen", "verify", "robustness", "discover"]
ON_STRUCTURES = ["relax-images", "single-points", "relax", "md", "transport"]


@pytest.mark.parametrize("command", CAMPAIGNS)
def test_a_dry_run_of_a_campaign_is_json_and_stores_nothing(ready, command):
    before = ready()
    result = launch(command, "--protocol", "demo", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    stages = json.loads(result.stdout)
    assert stages
    assert all(set(stage) >= {"name", "structures", "jobs", "core_hours"} for stage in stages)
    assert ready() == before


@pytest.mark.parametrize("command", ON_STRUCTURES)
def test_a_dry_run_on_structures_counts_them(ready, lif, command):
    before = ready()
    result = launch(command, HOST, lif, "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["structures"] == 2
    assert ready() == before


def test_a_dry_run_of_a_fine_tuning_counts_the_images(ready, images_node):
    before = ready()
    result = launch("finetune", images_node.pk, "--dry-run", "--json", "--stage", "md")
    assert result.exit_code == 0, result.output
    (stage,) = json.loads(result.stdout)
    assert stage["structures"] == 2
    assert ready() == before


def test_a_plan_for_reading_says_what_it_would_cost(lif):
    result = launch("relax", lif, "--protocol", "paper", "--dry-run")
    assert result.exit_code == 0
    for part in ("relaxation", "8 atoms", "core-hours", "paper"):
        assert part in result.stdout


def test_a_dry_run_counts_nodes_of_the_profile(ready):
    structure = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    structure.append_atom(symbols="Li", position=(0, 0, 0))
    structure.store()
    result = launch("relax", structure.uuid, "--dry-run", "--json")
    assert json.loads(result.stdout)[0]["structures"] == 1


def test_the_stand_in_costs_less_than_vasp():
    cheap, dear = (
        json.loads(launch("potential", "--protocol", "demo", "--dry-run", "--json", "--vasp-code", code).stdout)
        for code in ("vasp-standin@localhost", "vasp@cluster")
    )
    assert sum(stage["core_hours"] for stage in cheap) < sum(stage["core_hours"] for stage in dear)


# --- wrong input: (arguments, what the line says)

RUN = ("--protocol", "demo")
WRONG = {
    "unknown element": (("relax", "Li3Xx2Si2PO12"), "unknown element 'Xx'"),
    "impossible charge balance": (("relax", "Li3Zr1.5Nb0.5Si2PO12"), "Li2.5 would balance it"),
    "outside the family": (("relax", "Li3Zr1.5W0.5Si2PO12"), "W not in family lzsp"),
    "no formula": (("relax", "hello"), "cannot read 'hello'"),
    "the paper's misprint": (
        ("relax", "Li2.625Zr0.25Hf0.1875Sn0.1875Ti0.1875Nb0.1875Si2PO12"),
        f"probably {QUINARY} was meant",
    ),
    "a cell that cannot hold it": (("relax", QUINARY, "--cell", "primitive"), "primitive"),
    "missing CIF": (("relax", "nowhere.cif"), "nowhere.cif does not exist"),
    "missing node": (("relax", "999999"), "node '999999' was not found in this profile"),
    "missing engine": (("relax", HOST, "--engine-code", "nobody@nowhere"), "code 'nobody@nowhere' was not found"),
    "missing VASP": (("relax-images", HOST, "--vasp-code", "v@cluster"), "profile: hezsp-engine@localhost, vasp-st"),
    "missing potentials": (("single-points", HOST, "--potential-family", "PBE.54"), "'PBE.54' does not exist"),
    "unknown model": (("relax", HOST, "--model", "0.9.9"), "'0.9.9'"),
    "missing model file": (("md", HOST, "--model", "gone.safetensors"), "gone.safetensors"),
    "unknown protocol": (("relax", HOST, "--protocol", "slow"), "'slow' does not exist; known are demo, fast, paper"),
    "unknown setting": (("relax", HOST, "--set", "relax.fmaxx=1"), "'relax.fmaxx' does not exist"),
    "a section for a setting": (("relax", HOST, "--set", "relax=1"), "has settings of its own"),
    "no value": (("relax", HOST, "--set", "relax.fmax"), "is not of the form section.setting=value"),
    "an impossible value": (("relax", HOST, "--set", "relax.fmax=0"), "'relax.fmax' is 0: input should be greater"),
    "a value that is no YAML": (("relax", HOST, "--set", "relax.fmax=[1,"), "is not YAML"),
    "a setting below a number": (("relax", HOST, "--set", "relax.fmax.deep=1"), "relax.fmax"),
    "a setting twice over": (("relax", HOST, "--set", "relax.fmax=1", "--set", "relax.fmax.deep=1"), "relax.fmax"),
    "unknown family": (("relax", HOST, "--family", "garnet"), "no family 'garnet'"),
    "screen of an unknown element": (("screen", "Li3Xx2Si2PO12", "--sfmsd-model", "1"), "unknown element 'Xx'"),
    "screen without its model": (("screen", HOST, "--sfmsd-model", "999999"), "node '999999' was not found"),
    "screen of a cell that cannot hold it": (
        ("screen", QUINARY, "--sfmsd-model", "1", "--set", "screen.cell=primitive"),
        "primitive",
    ),
    "training of an unknown space": (("sfmsd", "--set", f"sfmsd.compositions=[{SENARY}]"), "no space 'senary'"),
    "engine options": (("relax", HOST, "--engine-options", "3"), "is not a mapping"),
    "engine options that no job has": (("relax", HOST, "--engine-options", "{wallclock: 3}"), "engine jobs: wallclock"),
    "engine options of the wrong type": (
        ("relax", HOST, "--engine-options", "{max_wallclock_seconds: soon}"),
        "max_wallclock_seconds",
    ),
    "engine options that are no YAML": (("relax", HOST, "--engine-options", "{a"), "is not YAML"),
    "VASP options": (("relax-images", HOST, "--vasp-options", "[1]"), "is not a mapping"),
    "missing dataset": (("finetune", "999999"), "node '999999' was not found"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_gives_one_line_and_stores_nothing(ready, case):
    arguments, message = WRONG[case]
    before = ready()
    line = one_line(launch(*arguments))
    assert message in line
    assert ready() == before


FILES = {
    "empty": (b"", ".cif"),
    "no CIF": (b"this is no crystal", ".cif"),
    "CIF cut short": (b"data_x\n_cell_length_a 4.0\n_cell_length_b", ".cif"),
    "bytes": (bytes(range(256)), ".cif"),
    "no POSCAR": (b"nothing", ".vasp"),
    "no JSON": (b"{", ".json"),
    "partly occupied": (PARTLY, ".cif"),
}


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)], ids=["run", "dry run"])
@pytest.mark.parametrize("case", FILES)
def test_an_unreadable_structure_file_is_named(ready, tmp_path, case, dry_run):
    content, suffix = FILES[case]
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    before = ready()
    line = one_line(launch("relax", HOST, path, *dry_run))
    assert path.name in line
    assert ready() == before


def test_two_files_of_one_name_are_refused(ready, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cell.vasp").write_text(LIF)
    before = ready()
    line = one_line(launch("relax", tmp_path / "a" / "cell.vasp", tmp_path / "b" / "cell.vasp"))
    assert "s_cell" in line
    assert ready() == before


@pytest.mark.parametrize("damage", ["cut", "foreign", "empty"])
@pytest.mark.parametrize("command", ["relax", "md"])
def test_a_damaged_model_file_is_refused(ready, tmp_path, command, damage):
    from aiida_hezsp.potential.model_file import load_model, save_model

    path = tmp_path / "mine.safetensors"
    save_model(path, load_model("0.3.0"))
    path.write_bytes({"cut": path.read_bytes()[:5000], "foreign": b"\x80\x04pickle" * 100, "empty": b""}[damage])
    before = ready()
    line = one_line(launch(command, HOST, "--model", path))
    assert "mine.safetensors" in line
    assert ready() == before


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (("relax",), "a StructureData is needed here"),
        (("relax", HOST, "--model"), "a ChgnetModelData is needed here"),
        (("screen", "--relaxation-model", "0.3.0", "--sfmsd-model"), "a SfmsdModelData is needed here"),
        (("finetune",), "a ImageData is needed here"),
    ],
)
def test_a_node_of_another_type_is_refused(ready, command, needed):
    node = orm.Int(3).store()
    before = ready()
    line = one_line(launch(*command, node.pk))
    assert f"node '{node.pk}' is a Int; {needed}" in line
    assert ready() == before


@pytest.mark.parametrize("command", [("relax", HOST), ("discover",), ("screen", "--sfmsd-model", "1")])
def test_submit_without_a_daemon_says_how_to_start_it(ready, command):
    before = ready()
    line = one_line(launch(*command, "--submit", *RUN))
    assert "daemon" in line
    assert ready() == before


def test_screen_without_a_model_says_where_to_find_one(ready):
    result = launch("screen", HOST)
    assert result.exit_code == 2
    assert "--sfmsd-model is needed" in result.stderr
    assert "verdi data hezsp model list" in result.stderr


def test_a_screen_that_is_checked_plans_the_checks(ready):
    result = launch("screen", "--protocol", "demo", "--md-model", "0.3.0", "--dry-run", "--json")
    names = [stage["name"] for stage in json.loads(result.stdout)]
    assert names == ["screened structures", "predictions", "checks by MD", "Arrhenius runs"]


@pytest.mark.parametrize(
    ("command", "needed"), [("verify", "PROCESS is needed"), ("robustness", "--sfmsd-model is needed")]
)
def test_what_follows_a_screen_says_what_it_needs(ready, command, needed):
    before = ready()
    result = launch(command)
    assert result.exit_code == 2
    assert needed in result.stderr
    assert ready() == before


def test_models_of_two_feature_sets_are_refused_in_one_line(ready, tmp_path):
    from discovery_graph import training_table

    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.sfmsd import save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    options = []
    for name in ("multinary", "quaternary"):
        table = {**training_table(), "feature_set": name}
        save_model(train(table, TrainSettings(kind="GB", search_iterations=1, cv=2)), tmp_path / f"{name}.skops")
        node = SfmsdModelData(tmp_path / f"{name}.skops", tmp_path / f"{name}.json").store()
        options += ["--sfmsd-model", node.uuid]
    line = one_line(launch("robustness", *options, *RUN))
    assert "the models take different feature sets: multinary, quaternary" in line


def test_a_process_without_predictions_cannot_be_verified(ready):
    node = orm.WorkChainNode()
    node.set_process_label("RelaxWorkChain")
    node.store()
    line = one_line(launch("verify", node.pk, *RUN))
    assert "returned no predictions to check" in line


def test_an_unknown_profile(ready):
    line = one_line(launch("relax", HOST, profile="nobodys"))
    assert "nobodys" in line
    assert "aiida-hezsp setup" in line


# --- runs


@pytest.fixture
def images_node(ready):
    """A dataset of two images of LiF."""
    import numpy as np

    from aiida_hezsp.data import ImageData
    from aiida_hezsp.potential.images import ImageSet

    rng = np.random.default_rng(0)
    images = ImageSet.from_frames(
        symbols=["Li", "F"],
        cells=np.tile(4.0 * np.eye(3), (2, 1, 1)),
        positions=rng.random((2, 2, 3)),
        energies=[-9.0, -9.5],
        forces=rng.random((2, 2, 3)),
        group="LiF",
        source="r0",
        engine="standin emt",
    )
    return ImageData(images).store()


def test_a_relaxation_runs_in_the_terminal(ready, lif):
    """Progress goes to stderr, the answer to stdout; the structure is relaxed under a label from its file."""
    result = launch("relax", lif, "--set", "relax.fmax=0.5", "--json", *RUN)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    node = orm.load_node(answer["pk"])
    assert node.is_finished_ok
    assert node.uuid == answer["uuid"]
    assert answer["process"] == "RelaxWorkChain"
    assert node.label == "relax (demo)"
    assert set(node.outputs.structures) == {"s_lif"}
    assert "RelaxCalculation" in result.stderr
    assert "done" in result.stderr


def test_a_run_that_fails_gives_its_reason_and_where_to_look(ready, lif):
    result = launch("relax", lif, "--set", "relax.optimizer=SGD9000", *RUN)
    assert result.exit_code == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: RelaxWorkChain<")
    assert "optimizer" in last
    assert "verdi process report" in last


def test_vasp_runs_from_the_command_line(ready, tmp_path):
    """Its options reach the job: the stand-in is told to use EMT."""
    path = tmp_path / "al.vasp"
    path.write_text(ALUMINIUM)
    options = "{prepend_text: export HEZSP_STANDIN_CALCULATOR=emt}"
    result = launch("single-points", path, "--vasp-options", options, "--set", "dft.kpoints_distance=1.0", *RUN)
    assert result.exit_code == 0, result.output
    (node,) = orm.QueryBuilder().append(orm.WorkChainNode, filters={"process_type": {"like": "%single_points"}}).one()
    assert node.outputs.images.engines == {"standin emt": 1}
    assert node.outputs.images.groups == {"s_al": 1}
