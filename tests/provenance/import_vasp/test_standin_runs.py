"""Directories of the stand-in: MD, relaxations, killed runs; labels stay marked as the stand-in's."""

import io

import numpy as np
import pytest
from ase.calculators.emt import EMT

from aiida_hezsp.errors import VaspRunError
from aiida_hezsp.families import load_family
from aiida_hezsp.provenance.import_vasp import Importer, find_runs, make_datasets
from aiida_hezsp.standin.potcars import placeholder_potcar
from aiida_hezsp.standin.run import Options, run
from aiida_hezsp.workflows.protocol import load_protocol

POSCAR = """\
Al, stretched and shaken
1.0
4.17 0 0
0 4.17 0
0 0 4.17
Al
4
Direct
0.01 0 0
0 0.5 0.49
0.5 0.02 0.5
0.5 0.5 0
"""
RULE = load_protocol("paper")["dft"]["images"]
COMMON = {"ENCUT": 300, "ISPIN": 1, "EDIFF": "1E-6"}


@pytest.fixture(scope="module")
def brought(aiida_profile, tmp_path_factory):
    """Import runs of the stand-in with EMT; returns imported runs and what was skipped, by folder name."""
    from aiida_hezsp.cli.environment import ensure_imported_code, ensure_standin_potentials

    aiida_profile.reset_storage()
    top = tmp_path_factory.mktemp("runs")
    for name, tags, options in (
        ("relax", {"IBRION": 2, "ISIF": 3, "NSW": 40, "EDIFFG": -0.02}, {}),
        ("md", {"IBRION": 0, "ISIF": 2, "NSW": 30, "POTIM": 2.0, "TEBEG": 500, "SMASS": -3}, {}),
        ("killed", {"IBRION": 2, "ISIF": 3, "NSW": 40, "EDIFFG": -0.02}, {"end": "die", "die_after": 2}),
    ):
        folder = top / name
        folder.mkdir()
        (folder / "INCAR").write_text("".join(f"{tag} = {value}\n" for tag, value in {**COMMON, **tags}.items()))
        (folder / "KPOINTS").write_text("mesh\n0\nMonkhorst-Pack\n2 2 2\n0 0 0\n")
        (folder / "POSCAR").write_text(POSCAR)
        (folder / "POTCAR").write_text(placeholder_potcar("Al"))
        stdout = io.StringIO()
        run(folder, Options(calculator="emt", **options), stdout)
        (folder / "vasp_output").write_text(stdout.getvalue())
    importer = Importer(ensure_imported_code("vasp-imported"), ensure_standin_potentials())
    runs, skipped = {}, {}
    for source in find_runs([top])[0]:
        try:
            runs[source.directory.name] = importer.add(importer.check(source, tmp_path_factory.mktemp("copy")))
        except VaspRunError as error:
            skipped[source.directory.name] = str(error)
    yield runs, skipped
    aiida_profile.reset_storage()


def test_kinds_and_the_killed_run(brought):
    runs, skipped = brought
    assert {name: imported.kind for name, imported in runs.items()} == {"relax": "relaxation", "md": "md"}
    assert skipped == {"killed": "unfinished: vasprun.xml ends early"}
    assert runs["md"].n_steps == 30


def test_labels_are_marked_and_are_emts_own(brought):
    runs, _ = brought
    ((dataset,), without) = make_datasets(list(runs.values()), RULE, load_family("lzsp"))
    assert not without
    assert set(dataset.images.engines) == {"standin emt"}
    images = dataset.images.get_images()
    for index in range(0, len(images), 7):
        atoms = images.to_atoms(index)
        atoms.calc = EMT()
        assert images.energies[index] == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
        np.testing.assert_allclose(images.forces[images.rows(index)], atoms.get_forces(), atol=1e-5)


def test_images_of_md_are_drawn_from_all_of_it(brought):
    runs, _ = brought
    rule = {**RULE, "head": 5, "tail": 5}
    ((dataset,), _) = make_datasets([runs["md"]], rule, load_family("lzsp"))
    steps = dataset.images.get_images().steps.tolist()
    assert len(steps) == 5
    assert steps != [0, 1, 2, 3, 4]
