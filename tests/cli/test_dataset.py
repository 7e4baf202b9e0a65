"""`aiida-hezsp dataset`: what the commands print and write, against the nodes and against ASE reading it back."""

import json

import numpy as np
import pytest
from aiida import orm
from ase import units
from ase.io import read
from click.testing import CliRunner
from vasp_run import VASP_OUTCAR, moments_table, retrieved_files, trajectory_data, vasp_run

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.calculations.relaxation_images import relaxation_images
from aiida_hezsp.cli.root import cmd_root

STRESS_KB = np.array([[-120.5, 3.0, -4.0], [3.0, 250.0, 5.5], [-4.0, 5.5, 10.0]])


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["dataset", *map(str, arguments)])


@pytest.fixture(scope="module")
def graph(aiida_profile):
    """Two relaxations, one restarted, merged; the last image of B is abnormally high. Returns dataset and runs."""
    from aiida_hezsp.cli.environment import ensure_computer

    aiida_profile.reset_storage()
    computer, rng = ensure_computer(), np.random.default_rng(1)

    def finished(energies, scale):
        n = len(energies)
        trajectory = trajectory_data(
            ["Li", "O"],
            np.tile(4.0 * scale * np.eye(3), (n, 1, 1)),
            rng.random((n, 2, 3)),
            rng.normal(size=(n, 2, 3)),
            np.tile(STRESS_KB, (n, 1, 1)),
            energies,
        )
        tables = "".join(moments_table([0.5, -1.25]) for _ in range(n))
        return vasp_run(computer, trajectory, retrieved_files(VASP_OUTCAR + tables))

    runs = {"a0": finished([-8.0, -8.2], 1.0), "a1": finished([-8.3], 1.01), "b0": finished([-6.0, -6.1, -4.0], 1.1)}
    rule = orm.Dict({"head": 10, "tail": 40, "seed": 1})

    def images(group, *names):
        chosen = {f"r{number}": runs[name] for number, name in enumerate(names)}
        return relaxation_images(
            group=orm.Str(group),
            rule=rule,
            trajectories={key: node.outputs.trajectory for key, node in chosen.items()},
            retrieved={key: node.outputs.retrieved for key, node in chosen.items()},
        )["images"]

    made = merge_images(
        rule=orm.Dict({"outlier_threshold": 0.5}), datasets={"A": images("A", "a0", "a1"), "B": images("B", "b0")}
    )
    yield made["images"], runs
    aiida_profile.reset_storage()


def test_list_counts_and_filters(graph):
    dataset, _ = graph
    rows = {row["pk"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows[dataset.pk]["images"] == 5
    assert rows[dataset.pk]["compositions"] == 2
    assert rows[dataset.pk]["engines"] == {"vasp 6.4.2": 5}
    assert rows[dataset.pk]["made_by"].startswith("merge_images<")
    assert len(rows) == 3
    assert json.loads(run("list", "--json", "--engine", "standin").stdout) == []
    assert "merge_images" in run("list", "--engine", "vasp").output


def test_show_tells_every_composition_and_what_was_left_out(graph):
    dataset, _ = graph
    shown = json.loads(run("show", dataset.pk, "--json").stdout)
    first, second = shown["groups"]
    assert (first["group"], first["images"], second["group"], second["images"]) == ("A", 3, "B", 2)
    assert (first["energy_low"], first["energy_high"]) == pytest.approx((-4.15, -4.0))
    assert first["volume_low"] == pytest.approx(32.0)
    assert first["volume_high"] == pytest.approx(32.0 * 1.01**3)
    images = dataset.get_images()
    norms = np.linalg.norm(images.forces, axis=1)[:6]
    assert first["force_max"] == pytest.approx(norms.max())
    assert first["force_rms"] == pytest.approx(np.sqrt((norms**2).mean()))
    assert (first["stress"], first["magmoms"]) == (3, 3)
    (entry,) = shown["removed"]
    assert (entry["source"], entry["step"], entry["energy_per_atom"]) == ("B/r0", 2, -2.0)
    text = run("show", dataset.pk).output
    assert "left out: B, B/r0, ionic step 2: energy more than 0.5 eV/atom above the median" in text


def test_origin_names_calculation_and_ionic_step(graph):
    dataset, runs = graph
    rows = json.loads(run("origin", dataset.pk, "--json").stdout)
    expected = [("a0", 0), ("a0", 1), ("a1", 0), ("b0", 0), ("b0", 1)]
    assert [(row["uuid"], row["step"]) for row in rows] == [(runs[name].uuid, step) for name, step in expected]
    energies = dataset.get_images().energies
    for row in rows:
        trajectory = orm.load_node(row["uuid"]).outputs.trajectory
        assert trajectory.get_array("energy_extrapolated")[row["step"]] == energies[row["image"]]
    assert [row["image"] for row in json.loads(run("origin", dataset.pk, 4, 2, "--json").stdout)] == [4, 2]
    assert [row["image"] for row in json.loads(run("origin", dataset.pk, "--group", "B", "--json").stdout)] == [3, 4]
    assert runs["a1"].uuid in run("origin", dataset.pk, 2).output
    for arguments, message in (((5,), "images 0 to 4"), (("--group", "C"), "compositions are A, B")):
        result = run("origin", dataset.pk, *arguments)
        assert result.exit_code == 1
        assert message in result.output


def test_the_exported_file_is_read_by_ase_with_its_units_and_signs(graph, tmp_path):
    dataset, runs = graph
    path = tmp_path / "images.xyz"
    assert run("export", dataset.pk, "--output", path).exit_code == 0
    frames, images = read(path, index=":"), dataset.get_images()
    assert len(frames) == 5
    for index, atoms in enumerate(frames):
        assert atoms.get_potential_energy() == pytest.approx(images.energies[index])
        np.testing.assert_allclose(atoms.get_forces(), images.forces[images.rows(index)], atol=1e-7)
        np.testing.assert_allclose(atoms.positions, images.positions[images.rows(index)], atol=1e-7)
        assert atoms.pbc.all()
        # VASP prints -120.5 kB along x: 12.05 GPa of tension, positive in ASE's sign, in eV/A^3
        np.testing.assert_allclose(atoms.get_stress(voigt=False), -STRESS_KB * 0.1 * units.GPa, atol=1e-9)
        np.testing.assert_allclose(atoms.get_magnetic_moments(), [0.5, 1.25])
    assert [atoms.info["group"] for atoms in frames] == list("AAABB")
    assert [atoms.info["step"] for atoms in frames] == [0, 1, 0, 0, 1]
    assert frames[2].info["calculation"] == runs["a1"].uuid
    assert frames[0].info["engine"] == "vasp 6.4.2"
    again = run("export", dataset.pk, "--output", path)
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert run("export", dataset.pk, "--output", path, "--overwrite").exit_code == 0


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_plot_writes_a_figure(graph, tmp_path, suffix):
    dataset, _ = graph
    path = tmp_path / f"images.{suffix}"
    result = run("plot", dataset.pk, "--output", path)
    assert result.exit_code == 0, result.output
    content = path.read_bytes()
    assert {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix] == content[: 4 + (suffix == "svg")]
    assert run("plot", dataset.pk, "--output", path).exit_code == 1


def test_wrong_input_gives_one_line(graph, tmp_path):
    dataset, runs = graph
    for arguments, message in (
        (("show", 999999), "was not found"),
        (("show", runs["a0"].pk), "a ImageData is needed here"),
        (("plot", dataset.pk, "--output", tmp_path / "a.gif"), "use .png, .svg, .pdf"),
        (("export", dataset.pk, "--output", tmp_path / "no" / "a.xyz"), "is no folder"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert message in result.output
        assert result.output.count("\n") == 1


def test_an_exported_file_is_imported(graph, tmp_path):
    dataset, _ = graph
    assert run("export", dataset.pk, "--output", tmp_path / "images.xyz").exit_code == 0
    found = json.loads(run("import", tmp_path / "images.xyz", "--json").stdout)
    node = orm.load_node(found["pk"])
    assert (found["images"], found["groups"], found["engines"]) == (dataset.n_images, dataset.groups, dataset.engines)
    np.testing.assert_allclose(node.get_images().forces, dataset.get_images().forces, atol=2e-8)
    assert "no calculation is recorded" in run("origin", node.pk).output


def test_an_unfit_file_stores_nothing(graph, tmp_path):
    (tmp_path / "images.xyz").write_text(
        '1\nLattice="3 0 0 0 3 0 0 0 3" energy=1.0 engine=x\nLi 0 0 0\n', encoding="utf8"
    )
    before = orm.QueryBuilder().append(orm.Node).count()
    result = run("import", tmp_path / "images.xyz")
    assert result.exit_code != 0
    assert "frame 0 (Li) lacks forces" in result.output
    assert orm.QueryBuilder().append(orm.Node).count() == before
