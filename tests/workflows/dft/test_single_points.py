"""The MD dataset: one image a structure, labelled where it stands, in batches."""

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node
from ase.calculators.emt import EMT

from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain


def run(vasp, structures, groups, *, incar=None, max_iterations=2, **jobs):
    builder = SinglePointsWorkChain.get_builder_from_protocol(
        protocol="demo",
        overrides={
            "dft": {
                "kpoints_distance": 1.0,
                "max_iterations": max_iterations,
                "single_point": {"incar": incar or {}},
            },
            "jobs": jobs,
        },
        vasp=vasp,
        structures=structures,
        groups=orm.Dict(groups),
    )
    return run_get_node(builder)


def test_every_structure_is_one_image_where_it_stands(standin, vasp, aluminium, unknown_to_emt):
    structures = {f"A_f{seed}": aluminium(seed) for seed in (1, 2)}
    structures |= {"B_f1": aluminium(3, symbol="Cu"), "C_f1": unknown_to_emt}
    groups = {key: key[0] for key in structures}
    outputs, node = run(vasp(standin()), structures, groups, batch_size=2)
    assert node.is_finished_ok, node.exit_message
    dataset = outputs["images"]
    assert dataset.groups == {"A": 2, "B": 1}
    assert set(outputs["report"]["failed"]) == {"C_f1"}
    images = dataset.get_images()
    assert images.steps.tolist() == [0, 0, 0]
    # two batches: a source names batch and run
    assert images.sources.tolist() == ["b0/A_f1", "b0/A_f2", "b1/B_f1"]
    for index, source in enumerate(images.sources):
        structure = structures[source.partition("/")[2]]
        assert dataset.calculation(index).inputs.structure.uuid == structure.uuid
        atoms = structure.get_ase()
        moved = (images.positions[images.rows(index)] - atoms.positions) @ np.linalg.inv(atoms.cell.array)
        np.testing.assert_allclose(moved - np.rint(moved), 0, atol=1e-6)  # VASP wraps positions into the cell
        atoms.calc = EMT()
        assert images.energies[index] == pytest.approx(atoms.get_potential_energy(), abs=1e-5)


def test_a_killed_and_an_unconverged_single_point_are_done_again(standin, vasp, aluminium, tmp_path):
    """Killed before its only step ends, then NELM of 4 is not enough, then good: one image, the right one."""
    code = standin(DIE_AFTER=0, ONCE=tmp_path / "died")
    structure = aluminium(1)
    incar = {"nelm": 4, "algo": "Normal"}
    outputs, node = run(vasp(code), {"A_f1": structure}, {"A_f1": "A"}, incar=incar, max_iterations=4)
    assert node.is_finished_ok, node.exit_message
    jobs = sorted((job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)), key=lambda job: job.pk)
    assert [job.exit_status for job in jobs] == [700, 701, 0]
    dataset = outputs["images"]
    assert dataset.n_images == 1
    assert dataset.calculation(0).uuid == jobs[-1].uuid
    atoms = structure.get_ase()
    atoms.calc = EMT()
    assert dataset.get_images().energies[0] == pytest.approx(atoms.get_potential_energy(), abs=1e-5)


def test_all_failing_is_said(standin, vasp, unknown_to_emt):
    _, node = run(vasp(standin()), {"C_f1": unknown_to_emt}, {"C_f1": "C"})
    assert node.exit_status == 410


def test_a_structure_without_composition_is_refused_before_anything_runs(standin, vasp, aluminium):
    with pytest.raises(ValueError, match="`groups` does not name the composition of A_f1"):
        run(vasp(standin()), {"A_f1": aluminium()}, {"A_f2": "A"})
    assert orm.QueryBuilder().append(orm.ProcessNode).count() == 0


def test_settings_must_be_complete_and_known(standin, vasp, aluminium):
    builder = SinglePointsWorkChain.get_builder_from_protocol(protocol="demo")
    settings = builder.settings.get_dict()
    with pytest.raises(ValueError, match="missing sections: dft"):
        builder.settings = orm.Dict({"jobs": settings["jobs"]})
    with pytest.raises(ValueError, match="unknown sections: md; known are jobs, dft"):
        builder.settings = orm.Dict({**settings, "md": {}})
