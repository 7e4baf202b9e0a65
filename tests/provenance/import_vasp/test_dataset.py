"""Datasets of imported runs: every image leads to its calculation and ionic step."""

import gzip
import shutil

import numpy as np
import pytest
from aiida import orm
from pymatgen.core import Composition

from aiida_hezsp.families import load_family
from aiida_hezsp.provenance.import_vasp import make_datasets
from aiida_hezsp.provenance.import_vasp.dataset import composition_label
from aiida_hezsp.workflows.protocol import load_protocol

FAMILY = load_family("lzsp")
RULE = load_protocol("paper")["dft"]["images"]


@pytest.mark.parametrize(
    ("formula", "label"),
    [
        ("Li8Zr3MgSi4P2O24", "Li4Zr1p5Mg0p5Si2PO12"),
        ("Li12Hf8Si8P4O48", "Li3Hf2Si2PO12"),
        ("Li24Zr16Si16P8O96", "Li3Zr2Si2PO12"),
        ("Zn3P2S8", "Zn3_PS4_2"),
        ("Li3PO4", "Li3PO4"),
        ("Fe2O2", "FeO"),
    ],
)
def test_labels_are_the_familys_or_reduced_formulas(formula, label):
    assert composition_label(Composition(formula), FAMILY) == label


def test_a_relaxation_over_two_directories_is_one_path_and_levels_are_apart(bring, real):
    runs, _ = bring(real / "vasp-6.4.2", real / "relaxation")
    datasets, without = make_datasets(runs, RULE, FAMILY)
    assert not without
    assert [dataset.images.n_images for dataset in datasets] == [8, 3]
    path, other = datasets[0].paths["Si"], datasets[1].paths["Si"]
    assert [run.source.directory.name for run in path] == ["relax1", "relax2"]
    assert [run.source.directory.name for run in other] == ["vasp-6.4.2"]
    images, node = datasets[0].images.get_images(), datasets[0].images
    assert node.engines == {"vasp 5.4.4.18Apr17-6-g9f103f2a35": 8}
    assert images.steps.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert [node.calculation(index).pk for index in range(8)] == [path[0].node.pk] * 5 + [path[1].node.pk] * 3
    for index, step in enumerate(images.steps):
        energies = node.calculation(index).outputs.trajectory.get_array("energy_extrapolated")
        assert energies[step] == images.energies[index]


def test_steps_that_did_not_converge_are_left_out_with_the_reason(bring, real):
    """The first steps of both runs used up NELM = 15; the energies after NUPDOWN = 2 lie far apart."""
    runs, _ = bring(real / "magnetic")
    ((dataset,), _) = make_datasets(runs, {**RULE, "outlier_threshold": None}, FAMILY)
    reasons = {(entry["source"], entry["step"]): entry["reason"] for entry in dataset.removed}
    assert reasons == {("Si/r0", 0): "the electronic steps did not converge", ("Si/r1", 0): reasons["Si/r1", 0]}
    images = dataset.images.get_images()
    assert len(images) == 7
    # |moment| of the only atom; NUPDOWN = 2 holds the total at 2, the sphere holds less
    assert np.isfinite(images.magmoms).sum() > 0
    assert 0.3 < np.nanmax(images.magmoms) <= 2.0


def test_many_datasets_are_joined_in_two_stages(bring, real, monkeypatch):
    """A calcfunction with hundreds of inputs would take minutes."""
    from aiida_hezsp.provenance.import_vasp import dataset as module

    runs, _ = bring(real / "magnetic", real / "relaxation")
    ((at_once,), _) = make_datasets(runs, {**RULE, "tail": 39}, FAMILY)
    monkeypatch.setattr(module, "_BATCH", 1)
    ((staged,), _) = make_datasets(runs, {**RULE, "tail": 38}, FAMILY)
    assert staged.images.get_images().sources.tolist() == [
        f"batch_{0 if source.startswith('Si/') else 1}/{source}" for source in at_once.images.get_images().sources
    ]
    assert staged.removed[-2:] == at_once.removed[-2:]
    assert len(staged.removed) == len(at_once.removed)
    for index in range(staged.images.n_images):
        assert staged.images.calculation(index).uuid == at_once.images.calculation(index).uuid


def test_the_rule_chooses_head_and_tail(bring, real):
    runs, _ = bring(real / "relaxation")
    ((dataset,), _) = make_datasets(runs, {**RULE, "head": 2, "tail": 3}, FAMILY)
    steps = dataset.images.get_images().steps.tolist()
    assert steps[:2] == [0, 1]
    assert len(steps) == 5


def test_the_same_runs_make_no_second_dataset(bring, real):
    runs, _ = bring(real / "relaxation")
    ((first,), _) = make_datasets(runs, RULE, FAMILY)
    before = orm.QueryBuilder().append(orm.Node).count()
    ((second,), _) = make_datasets(bring(real / "relaxation")[0], RULE, FAMILY)
    assert (second.is_new, second.images.uuid, second.removed) == (False, first.images.uuid, first.removed)
    assert orm.QueryBuilder().append(orm.Node).count() == before


def test_single_points_are_all_taken(bring, real, tmp_path):
    """A static run: NSW of a real one-step run set to 0, as if it had been asked for."""
    folder = tmp_path / "static"
    shutil.copytree(real / "relaxation" / "relax2", folder)
    path = folder / "vasprun.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode().replace('name="IBRION">     1', 'name="IBRION">    -1')
    path.write_bytes(gzip.compress(text.encode()))
    runs, skipped = bring(folder)
    assert not skipped
    assert [run.kind for run in runs] == ["single point"]
    ((dataset,), _) = make_datasets(runs, RULE, FAMILY)
    assert dataset.images.groups == {"Si": 3}
    assert dataset.images.calculation(0).pk == runs[0].node.pk


def test_a_level_without_a_usable_image_is_said(bring, real, monkeypatch):
    from aiida_hezsp.provenance.import_vasp import dataset as module

    monkeypatch.setattr(module, "relaxation_images", lambda **_: {"left_out": orm.List([{"reason": "no forces"}])})
    runs, _ = bring(real / "vasp-6.4.2")
    datasets, without = make_datasets(runs, {**RULE, "seed": 77}, FAMILY)
    assert datasets == []
    assert list(without.values()) == ["not one image can be used: no forces"]
