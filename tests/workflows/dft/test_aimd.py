"""AIMD in segments: the same run as without interruption, killed or not; what does not continue is refused."""

from itertools import pairwise

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node
from ase.build import bulk

from aiida_hezsp.workflows.dft.aimd import AimdWorkChain


@pytest.fixture
def alloy(aiida_profile_clean):
    """Cu3Al, four atoms, of which Al plays the mobile ion."""
    atoms = bulk("Cu", cubic=True)
    atoms.symbols[0] = "Al"
    atoms.rattle(0.05, seed=1)
    return orm.StructureData(ase=atoms)


def run(vasp, structure, *, options=None, incar=None, **aimd):
    settings = {
        "n_steps": 24, "segment_steps": 24, "record_every": 1, "frames_every": 4, "temperature": 600.0, "timestep": 2.0,
        "bond_lengths": {"anion": "Cu", "skip": 0.0}, "incar": incar or {}, **aimd,
    }  # fmt: skip
    builder = AimdWorkChain.get_builder_from_protocol(
        protocol="demo",
        overrides={"dft": {"kpoints_distance": 1.0, "aimd": settings}},
        vasp={**vasp, **({"options": orm.Dict(options)} if options else {})},
        structure=structure,
        mobile="Al",
    )
    return run_get_node(builder)


def jobs(node):
    """Return the VASP calculations below a work chain, oldest first."""
    return sorted((job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)), key=lambda job: job.pk)


def test_segments_one_of_them_killed_are_the_uninterrupted_run(standin, vasp, alloy, tmp_path):
    """24 steps at once, and in segments of 10 of which the first is killed after 6."""
    whole, node = run(vasp(standin()), alloy)
    assert node.is_finished_ok, node.exit_message
    assert len(jobs(node)) == 1
    mortal = standin(DIE_AFTER=6, ONCE=tmp_path / "died")
    outputs, node = run(vasp(mortal), alloy, segment_steps=10)
    assert node.is_finished_ok, node.exit_message
    done = jobs(node)
    # the killed one left the positions of its last whole step, which the next one repeats: 6 + (10 - 1) + 9
    assert [job.exit_status for job in done] == [700, *[done[1].exit_status] * 2]
    assert [job.inputs.parameters["nsw"] for job in done] == [10, 10, 9]
    assert "restart_folder" not in done[0].inputs
    for before, after in pairwise(done):
        assert after.inputs.restart_folder.uuid == before.outputs.remote_folder.uuid
    expected, found = whole["trajectory"], outputs["trajectory"]
    assert found.get_array("positions").shape == (24, 1, 3)
    np.testing.assert_allclose(found.get_array("times"), 2.0 * np.arange(24))
    for name, tolerance in (
        ("positions", 1e-5),
        ("frames", 1e-5),
        ("potential_energies", 1e-6),
        ("temperatures", 0.02),
    ):
        np.testing.assert_allclose(found.get_array(name), expected.get_array(name), atol=tolerance, err_msg=name)
    assert np.ptp(found.get_array("temperatures")) > 20
    assert outputs["results"]["n_segments"] == 3
    assert outputs["results"]["msd"] == pytest.approx(whole["results"]["msd"], rel=1e-4)
    assert outputs["results"]["label_engine"] == "standin emt"
    # every Al has twelve Cu around it at a/sqrt(2)
    assert whole["results"]["bond_lengths"]["Al-Cu"]["mean"] == pytest.approx(3.61 / np.sqrt(2), abs=0.1)
    bins = found.get_array("bond_lengths")
    assert found.get_array("bond_density_Al_Cu").sum() * (bins[1] - bins[0]) == pytest.approx(12, abs=0.5)
    assert found.get_array("msd").shape == (24,)
    # the last folder stays, to make the run longer; the others are cleaned
    assert done[-1].outputs.remote_folder.listdir()
    assert done[0].outputs.remote_folder.is_empty


def test_electronic_steps_that_do_not_suffice_are_made_more(standin, vasp, alloy):
    outputs, node = run(vasp(standin()), alloy, incar={"nelm": 4})
    assert node.is_finished_ok, node.exit_message
    first, second = jobs(node)
    assert (first.inputs.parameters["nelm"], second.inputs.parameters["nelm"]) == (4, 200)
    assert outputs["results"]["unconverged_steps"] == 0
    assert outputs["results"]["n_segments"] == 1


def test_velocities_that_are_lost_are_noticed_and_the_run_gives_what_it_has(standin, vasp, alloy, tmp_path):
    """`append_text` cuts the second CONTCAR short: VASP would draw new velocities and go on without a word."""
    marker, cut = tmp_path / "first", "head -n 12 CONTCAR > short && mv short CONTCAR"
    spoil = {"append_text": f"if test -e {marker}; then {cut}; fi; touch {marker}"}
    outputs, node = run(vasp(standin()), alloy, options=spoil, segment_steps=10, max_failures=0)
    assert node.exit_status == 420
    assert "The run ended after 10 of 24 steps" in node.exit_message
    assert "CONTCAR has no velocities to continue with" in node.exit_message
    assert len(jobs(node)) == 2
    assert outputs["trajectory"].get_array("positions").shape == (10, 1, 3)
    assert outputs["results"]["n_segments"] == 1


@pytest.mark.slow
def test_a_finished_run_is_made_longer_from_the_cache(standin, vasp, alloy):
    """The finished segments come from the cache, the next one continues from the folder that was kept."""
    from aiida.manage.caching import enable_caching

    inputs = vasp(standin())
    with enable_caching():
        shorter, _ = run(inputs, alloy, n_steps=20, segment_steps=10)
        outputs, node = run(inputs, alloy, n_steps=30, segment_steps=10)
    assert node.is_finished_ok, node.exit_message
    assert [job.base.caching.is_created_from_cache for job in jobs(node)] == [True, True, False]
    found = outputs["trajectory"].get_array("positions")
    assert found.shape == (30, 1, 3)
    np.testing.assert_array_equal(found[:20], shorter["trajectory"].get_array("positions"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_steps": 1}, "dft.aimd.window"),
        ({"incar": {"nonsense": 1}}, r"dft\.aimd\.incar\.nonsense"),
    ],
)
def test_wrong_settings_are_refused_before_anything_runs(standin, vasp, alloy, settings, message):
    with pytest.raises(ValueError, match=message):
        run(vasp(standin()), alloy, **settings)
    assert orm.QueryBuilder().append(orm.ProcessNode).count() == 0


def test_a_structure_without_mobile_ion_or_framework_is_refused(standin, vasp, aluminium):
    with pytest.raises(ValueError, match="has no framework beside Al"):
        run(vasp(standin()), aluminium())
    with pytest.raises(ValueError, match="has no mobile Al"):
        run(vasp(standin()), aluminium(symbol="Cu"))
