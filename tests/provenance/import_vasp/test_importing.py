"""Real runs in the graph: labels against ASE's reading of OUTCAR, the user's files untouched, no POTCAR text."""

import bz2
import gzip
import hashlib
import lzma
import shutil

import numpy as np
import pytest
from aiida import orm
from ase import units
from ase.io import read as ase_read

from aiida_hezsp.calculations.vasp_images import images_of_run
from aiida_hezsp.errors import PotentialError, VaspRunError
from aiida_hezsp.provenance.import_vasp import Importer, find_runs
from aiida_hezsp.provenance.verify.potcar import holds_potcar

OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def state(folder):
    """Checksum, time of change and size of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_size,
        )
        for path in [folder, *folder.rglob("*")]
    }


def outcar_of(run, folder):
    """The ionic steps of a run by ASE, from OUTCAR: an independent parser of an independent file."""
    path = run.source.get("OUTCAR")
    (folder / "OUTCAR").write_bytes(OPENERS[path.suffix](path).read())
    return ase_read(folder / "OUTCAR", index=":")


@pytest.fixture
def plain(real, tmp_path):
    """A real run under a new path, with a POTCAR whose text must not be stored."""
    folder = tmp_path / "run"
    shutil.copytree(real / "relaxation" / "relax2", folder)
    return folder


@pytest.mark.parametrize("name", ["relaxation", "magnetic", "vasp-6.4.2"])
def test_labels_are_those_of_outcar(bring, real, tmp_path, name):
    runs, skipped = bring(real / name)
    assert not skipped
    for run in runs:
        frames = outcar_of(run, tmp_path)
        trajectory = run.node.outputs.trajectory if "trajectory" in run.node.outputs else None
        images = images_of_run(trajectory, run.node.outputs.retrieved, "Si", "r0")
        assert len(images) == len(frames) == run.n_steps
        assert images.energies == pytest.approx([frame.get_potential_energy() for frame in frames], abs=1e-6)
        np.testing.assert_allclose(images.forces, np.vstack([frame.get_forces() for frame in frames]), atol=1e-5)
        for index, frame in enumerate(frames):
            np.testing.assert_allclose(images.cells[index], frame.cell[:], atol=1e-6)
            stress = frame.get_stress(voigt=False) / units.GPa
            np.testing.assert_allclose(images.stresses[index], stress, atol=1e-6)


def test_aiida_vasp_makes_no_trajectory_of_projections_other_than_spd(bring, real):
    """LORBIT = 10 here, f electrons elsewhere: parsevasp stops at the columns; images are read by pymatgen then."""
    runs, _ = bring(real / "magnetic", real / "vasp-6.4.2")
    assert ["trajectory" in run.node.outputs for run in runs] == [False, False, True]


def test_calculations_are_aiida_vasps_own_with_the_inputs_of_the_run(bring, importer, real):
    (first, _), _ = bring(real / "magnetic")
    node = first.node
    assert node.process_label == "VaspCalculation"
    assert node.is_imported
    assert node.exit_status == 702
    inputs = node.inputs
    assert inputs.potential.Si.title == "PAW_PBE Si 05Jan2001"
    assert inputs.parameters.get_dict() == {
        "ediff": 1e-9, "encut": 240, "ibrion": 1, "isif": 3, "ismear": 0, "ispin": 2, "lorbit": 10, "nelm": 15,
        "nsw": 5, "nupdown": 2, "potim": 0.1, "sigma": 0.1,
    }  # fmt: skip
    assert inputs.kpoints.get_kpoints_mesh() == ([8, 8, 8], [0, 0, 0])
    assert inputs.structure.get_formula() == "Si"
    assert node.base.extras.get("hezsp_import")["vasp"] == "6.2.0"


def test_an_even_monkhorst_pack_mesh_keeps_its_shift(importer, real, tmp_path):
    """aiida-vasp's own importer reads `Monkhorst-Pack` as Gamma-centred: half the points would be others."""
    (source,), _ = find_runs([real / "converged-with-error"])
    run = importer.check(source, tmp_path)
    inputs = importer._inputs(run, orm.RemoteData(remote_path="/", computer=importer.code.computer))
    assert inputs["kpoints"].get_kpoints_mesh() == ([4, 4, 4], [-0.5, -0.5, -0.5])


def test_istart_and_icharg_do_not_ask_for_files_of_an_earlier_run(importer, bring, plain):
    path = plain / "vasprun.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    old = '  <i type="int" name="IBRION">'
    assert old in text
    extra = '  <i type="int" name="ISTART">     1</i>\n  <i type="int" name="ICHARG">     1</i>\n'
    path.write_bytes(gzip.compress(text.replace(old, extra + old, 1).encode()))
    (run,), skipped = bring(plain)
    assert not skipped
    assert run.is_new
    assert {"istart", "icharg"} & set(run.node.inputs.parameters.get_dict()) == set()


def test_the_users_directories_are_untouched(bring, real, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(real, folder)
    (folder / "relaxation" / "relax1" / "vasp_output.gz").unlink()  # aiida-vasp's importer would touch one here
    before = state(folder)
    runs, skipped = bring(folder)
    assert len(runs) == 5
    assert len(skipped) == 2
    assert state(folder) == before


def test_no_potcar_text_is_stored(bring, plain):
    from aiida_hezsp.standin.potcars import placeholder_potcar

    secret = placeholder_potcar("Si").replace("hezsp-placeholder", "12Dec2012").replace("PLACEHOLDER", "SECRET")
    (plain / "POTCAR").write_text(secret)
    (plain / "vasp_output.gz").unlink()  # another stdout: not known from the tests before
    before = orm.QueryBuilder().append(orm.Node, project="id").all(flat=True)
    (run,), skipped = bring(plain)
    assert run.is_new
    assert not skipped
    new = orm.QueryBuilder().append(orm.Node, filters={"id": {"!in": before}}).all(flat=True)
    assert {"CalcJobNode", "FolderData", "StructureData", "TrajectoryData"} <= {type(node).__name__ for node in new}
    for node in new:
        assert "potcar_file" not in node.node_type
        for name in node.base.repository.list_object_names():
            with node.base.repository.open(name, "rb") as file:
                assert not holds_potcar(file), (node, name)
        assert "SECRET" not in str(node.base.attributes.all)
    assert "POTCAR" not in run.node.base.repository.list_object_names()


def test_a_run_is_imported_once_wherever_it_lies(bring, real, tmp_path):
    bring(real / "relaxation")
    shutil.copytree(real / "relaxation", tmp_path / "moved")
    before = orm.QueryBuilder().append(orm.Node).count()
    runs, _ = bring(tmp_path / "moved")
    assert [run.is_new for run in runs] == [False, False]
    assert orm.QueryBuilder().append(orm.Node).count() == before


def test_damaged_unfinished_and_failed_runs_are_skipped_and_the_others_go_on(bring, real, tmp_path):
    folder = tmp_path / "all"
    shutil.copytree(real, folder)
    cut = (folder / "magnetic" / "relax2" / "OUTCAR.xz").read_bytes()
    (folder / "magnetic" / "relax2" / "OUTCAR.xz").write_bytes(cut[: len(cut) // 2])
    runs, skipped = bring(folder)
    assert [run.source.directory.name for run in runs] == ["relax1", "relax1", "relax2", "vasp-6.4.2"]
    reasons = {source.removeprefix(f"{folder}/"): reason for source, reason in skipped.items()}
    assert set(reasons) == {"magnetic/relax2", "unfinished", "converged-with-error"}
    assert reasons["magnetic/relax2"].startswith("OUTCAR.xz cannot be read")
    assert reasons["unfinished"].startswith("unfinished:")
    assert "Error in BRMIX" in reasons["converged-with-error"]


def test_the_family_must_be_the_runs_own(family_of, importer, real, tmp_path_factory):
    (source,), _ = find_runs([real / "vasp-6.4.2"])
    other = family_of("other", "PAW_PBE Si 13Mar2013")
    with pytest.raises(VaspRunError, match=r"'PAW_PBE Si 05Jan2001' \(family: 'PAW_PBE Si 13Mar2013'\)"):
        Importer(importer.code, other).check(source, tmp_path_factory.mktemp("copy"))
    assert Importer(importer.code, other, other_dates=True).check(source, tmp_path_factory.mktemp("copy"))
    without = family_of("oxygen", "PAW_PBE O 08Apr2002")
    with pytest.raises(VaspRunError, match="family 'oxygen' lacks Si"):
        Importer(importer.code, without).check(source, tmp_path_factory.mktemp("copy"))
    with pytest.raises(PotentialError, match="'nowhere' does not exist"):
        Importer(importer.code, "nowhere")


def test_the_title_decides_not_the_name_of_the_folder(importer, real, tmp_path_factory):
    from aiida.plugins import DataFactory
    from vasp_potcars import write_placeholders

    root = tmp_path_factory.mktemp("potcars") / "renamed"
    write_placeholders(["PAW_PBE Si 05Jan2001"], root)
    text = (root / "Si" / "POTCAR").read_text()
    (root / "Si").rename(root / "Si_old")
    (root / "Si_old" / "POTCAR").write_text(text.replace("RMAX   =    1.000", "RMAX   =    1.100"))
    DataFactory("vasp.potcar").upload_potcar_family(str(root), "renamed", "placeholders", stop_if_existing=False)
    (source,), _ = find_runs([real / "vasp-6.4.2"])
    assert Importer(importer.code, "renamed").check(source, tmp_path_factory.mktemp("copy"))


def test_what_aiida_vasp_cannot_read_leaves_no_node(bring, importer, plain, monkeypatch):
    """A parser that raises excepts the job."""
    from aiida_vasp.parsers.vasp import VaspParser

    (plain / "vasp_output.gz").write_bytes(gzip.compress(b"yet another stdout"))
    before = orm.QueryBuilder().append(orm.Node).count()
    monkeypatch.setattr(VaspParser, "parse", lambda *_, **__: 1 / 0)
    runs, skipped = bring(plain)
    assert runs == []
    assert next(iter(skipped.values())).startswith("aiida-vasp cannot read it")
    assert orm.QueryBuilder().append(orm.Node).count() == before
