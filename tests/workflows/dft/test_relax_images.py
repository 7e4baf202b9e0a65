"""The relaxation dataset through aiida-vasp's own work chain: origins, failures, restarts."""

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain


def run(vasp, structures, *, nsw=40, head=2, tail=2, **incar):
    builder = RelaxImagesWorkChain.get_builder_from_protocol(
        protocol="demo",
        overrides={
            "dft": {
                "relax": {"incar": {"nsw": nsw, "ediffg": -0.02, **incar}},
                "images": {"head": head, "tail": tail},
                "kpoints_distance": 1.0,
                "max_iterations": 4,
            }
        },
        vasp=vasp,
        structures=structures,
    )
    return run_get_node(builder)


def jobs(node):
    """Return the VASP calculations below a work chain, oldest first."""
    return sorted((job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)), key=lambda job: job.pk)


def test_images_know_calculation_and_step_and_a_failure_stops_nobody(standin, vasp, aluminium, unknown_to_emt):
    structures = {"good": aluminium(1), "broken": unknown_to_emt, "fine": aluminium(2)}
    outputs, node = run(vasp(standin()), structures)
    assert node.is_finished_ok, node.exit_message
    dataset = outputs["images"]
    images = dataset.get_images()
    assert dataset.groups == {"good": 4, "fine": 4}
    assert dataset.engines == {"standin emt": 8}
    assert set(outputs["report"]["failed"]) == {"broken"}
    assert "VaspWorkChain" in outputs["report"]["failed"]["broken"]
    assert outputs["removed"]["kept"] == 8
    for index in range(len(images)):
        job, label, step = dataset.calculation(index), images.groups[index], images.steps[index]
        assert job.process_label == "VaspCalculation"
        assert job.inputs.structure.uuid == structures[label].uuid
        trajectory = job.outputs.trajectory
        assert trajectory.get_array("energy_extrapolated")[step] == images.energies[index]
        np.testing.assert_allclose(trajectory.get_array("forces")[step], images.forces[images.rows(index)])


def test_labels_are_the_calculators_own(standin, vasp, aluminium):
    """The independent way: ASE's EMT on every image gives its energy, forces and stress."""
    from ase import units
    from ase.calculators.emt import EMT

    outputs, _ = run(vasp(standin()), {"al": aluminium()})
    images = outputs["images"].get_images()
    for index in range(len(images)):
        atoms = images.to_atoms(index)
        atoms.calc = EMT()
        # what is written to vasprun.xml has eight digits
        assert images.energies[index] == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
        np.testing.assert_allclose(images.forces[images.rows(index)], atoms.get_forces(), atol=1e-5)
        np.testing.assert_allclose(images.stresses[index], atoms.get_stress(voigt=False) / units.GPa, atol=1e-5)


def test_a_relaxation_that_used_up_its_steps_is_continued_and_is_one_path(standin, vasp, aluminium):
    outputs, node = run(vasp(standin()), {"al": aluminium()}, nsw=4, head=6, tail=100)
    assert node.is_finished_ok, node.exit_message
    done = jobs(node)
    assert [job.exit_status for job in done[:-1]] == [702] * (len(done) - 1)
    assert len(done) > 1
    dataset = outputs["images"]
    images = dataset.get_images()
    lengths = [len(job.outputs.trajectory.get_array("energy_extrapolated")) for job in done]
    assert len(images) == sum(lengths)
    origins = [dataset.calculation(index).pk for index in range(len(images))]
    assert origins == [job.pk for job, length in zip(done, lengths, strict=True) for _ in range(length)]
    assert images.energies[-1] < images.energies[0]


def test_a_killed_relaxation_is_continued_to_the_same_minimum(standin, vasp, aluminium, tmp_path):
    whole, _ = run(vasp(standin()), {"al": aluminium()}, tail=100)
    mortal = standin(DIE_AFTER=3, ONCE=tmp_path / "died")
    outputs, node = run(vasp(mortal), {"al": aluminium()}, tail=100)
    assert node.is_finished_ok, node.exit_message
    killed, last = jobs(node)
    assert (killed.exit_status, last.exit_status) == (700, 0)
    dataset, undisturbed = outputs["images"], whole["images"].get_images()
    images = dataset.get_images()
    # the killed run's three whole steps come first, and are those of the undisturbed run
    origins = [dataset.calculation(index).uuid for index in range(len(images))]
    assert origins[:3] == [killed.uuid] * 3
    assert set(origins[3:]) == {last.uuid}
    np.testing.assert_allclose(images.energies[:3], undisturbed.energies[:3], atol=1e-6)
    np.testing.assert_allclose(images.stresses[:3], undisturbed.stresses[:3], atol=1e-6)
    # the run that continues it begins where it stood
    assert images.energies[3] == pytest.approx(undisturbed.energies[2], abs=1e-3)
    assert images.energies[-1] == pytest.approx(undisturbed.energies[-1], abs=1e-3)
    assert np.linalg.det(images.cells[-1]) == pytest.approx(np.linalg.det(undisturbed.cells[-1]), rel=1e-2)


def test_a_relaxation_killed_in_its_first_step_is_started_again(standin, vasp, aluminium, tmp_path):
    """aiida-vasp finds no structure to continue from and gives up; the structure gets another work chain."""
    outputs, node = run(vasp(standin(DIE_AFTER=0, ONCE=tmp_path / "died")), {"al": aluminium()})
    assert node.is_finished_ok, node.exit_message
    assert [job.exit_status for job in jobs(node)] == [700, 0]
    assert sum(chain.process_label == "VaspWorkChain" for chain in node.called) == 2
    assert outputs["report"]["failed"] == {}
    assert outputs["images"].groups == {"al": 4}


def test_electronic_steps_that_do_not_suffice_are_made_more_and_their_images_left_out(standin, vasp, aluminium):
    """NELM of 4 is too small: aiida-vasp raises it; what was labelled before is wrong and does not become an image."""
    outputs, node = run(vasp(standin()), {"al": aluminium()}, tail=100, nelm=4, algo="Normal")
    assert node.is_finished_ok, node.exit_message
    first, last = jobs(node)
    assert (first.exit_status, last.exit_status) == (701, 0)
    assert last.inputs.parameters["nelm"] > 4
    dataset = outputs["images"]
    assert {dataset.calculation(index).uuid for index in range(dataset.n_images)} == {last.uuid}
    removed = outputs["removed"]["removed"]
    steps = len(first.outputs.trajectory.get_array("energy_extrapolated"))
    reason = "the electronic steps did not converge"
    assert removed == [{"group": "al", "source": "al/r0", "step": n, "reason": reason} for n in range(steps)]


def test_nothing_left_is_said_with_the_first_reason(standin, vasp, unknown_to_emt):
    outputs, node = run(vasp(standin()), {"broken": unknown_to_emt})
    assert node.exit_status == 410
    assert "VaspWorkChain" in node.exit_message
    assert "images" not in outputs


def test_broken_structures_are_reported_before_a_job_is_spent_on_them(standin, vasp, aluminium):
    collided = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    for _ in range(2):
        collided.append_atom(symbols="Al", position=(0, 0, 0))
    outputs, node = run(vasp(standin()), {"collided": collided, "good": aluminium()})
    assert node.is_finished_ok, node.exit_message
    assert outputs["report"]["failed"] == {"collided": "two atoms are closer than 0.5 A"}
    assert outputs["images"].groups == {"good": 4}
    assert len(jobs(node)) == 1


def test_an_element_without_potential_is_named_before_anything_runs(standin, vasp, aluminium):
    uranium = orm.StructureData(cell=[[3, 0, 0], [0, 3, 0], [0, 0, 3]])
    uranium.append_atom(symbols="U", position=(0, 0, 0))
    with pytest.raises(ValueError, match="POTCAR family 'hezsp-standin' lacks U"):
        run(vasp(standin()), {"good": aluminium(), "uranium": uranium})
    assert orm.QueryBuilder().append(orm.ProcessNode).count() == 0


def test_a_dataset_made_from_the_cache_finds_calculations_of_its_own(standin, vasp, aluminium):
    """A repeated campaign takes finished calculations from the cache; its images still know where they are from."""
    from aiida.manage.caching import enable_caching

    inputs, structures = vasp(standin()), {"al": aluminium()}
    with enable_caching():
        first, _ = run(inputs, structures)
        again, node = run(inputs, structures)
    (job,) = jobs(node)
    assert job.base.caching.is_created_from_cache
    dataset = again["images"]
    assert dataset.uuid != first["images"].uuid
    assert {dataset.calculation(index).uuid for index in range(dataset.n_images)} == {job.uuid}
    np.testing.assert_array_equal(dataset.get_images().energies, first["images"].get_images().energies)
