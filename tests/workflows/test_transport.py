"""Relaxation and MD in batches and at several temperatures; what fails is named and stops nobody."""

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.transport import fit_arrhenius, nernst_einstein
from aiida_hezsp.workflows.transport import TransportWorkChain, run_key


def run(code, model, structures, *, temperatures=(600.0, 900.5), batch_size=2, relax=True, **jobs):
    builder = TransportWorkChain.get_builder_from_protocol(
        engine_code=code,
        protocol="demo",
        overrides={
            "jobs": {"batch_size": batch_size, "max_concurrent": 2, "workers": 1, **jobs},
            "relax": {"fmax": 0.2, "max_steps": 20},
            "md": {"temperatures": list(temperatures), "n_steps": 20, "record_every": 2},
        },
        md_model=model,
        mobile=orm.Str("Li"),
        structures=structures,
        **({"relaxation_model": model} if relax else {}),
    )
    return run_get_node(builder)


@pytest.fixture
def broken(aiida_profile_clean):
    """Two atoms on one spot: no relaxation can begin."""
    node = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    node.append_atom(position=(0, 0, 0), symbols="Li")
    node.append_atom(position=(0, 0, 0.01), symbols="F")
    return node


def test_batches_temperatures_and_a_failure(codes, pretrained, lithium_fluoride, broken):
    """Three structures in batches of two: b0 has `a` and `broken`, b1 has `c`; two temperatures each."""
    structures = {"a": lithium_fluoride, "broken": broken, "c": lithium_fluoride.clone()}
    outputs, node = run(codes["hezsp-engine"], pretrained, structures)
    assert node.is_finished_ok, node.exit_message
    assert set(outputs["structures"]) == {"a", "c"}
    assert set(outputs["relaxations"]) == {"b0", "b1"}
    assert outputs["relaxations"]["b0"]["results"]["broken"]["error"]
    assert set(outputs["runs"]) == {"b0_600K", "b0_900p5K", "b1_600K", "b1_900p5K"}
    assert set(outputs["trajectories"]) == {"a_600K", "a_900p5K", "c_600K", "c_900p5K"}
    assert set(outputs["runs"]["b0_600K"]["results"]) == {"a"}
    for key, run_ in outputs["runs"].items():
        assert all(entry["error"] is None for entry in run_["results"].values()), key
    # MD ran on the relaxed structures, at the temperatures asked for
    done = [job for job in node.called_descendants if job.process_label == "MdCalculation"]
    assert sorted(job.inputs.parameters["temperature"] for job in done) == [600.0, 600.0, 900.5, 900.5]
    relaxed = {label: structure.uuid for label, structure in outputs["structures"].items()}
    for job in done:
        assert {label: structure.uuid for label, structure in job.inputs.structures.items()}.items() <= relaxed.items()
    assert [job.inputs.parameters["mobile"] for job in done] == ["Li"] * 4
    check_transport(outputs)


def check_transport(outputs):
    """D, sigma and the law are those of the runs."""
    assert set(outputs["transport"]) == {"a", "c"}
    for label, batch in (("a", "b0"), ("c", "b1")):
        found = outputs["transport"][label]
        assert found["temperatures"] == [600.0, 900.5]
        runs = [outputs["runs"][f"{batch}_{suffix}"]["results"][label] for suffix in ("600K", "900p5K")]
        assert found["diffusivities"] == [run_["diffusion"]["value"] for run_ in runs]
        assert found["volume"] == pytest.approx(outputs["structures"][label].get_cell_volume())
        law = fit_arrhenius(found["temperatures"], found["diffusivities"], found["diffusivity_errors"])
        assert found["arrhenius"]["activation_energy"] == pytest.approx(law.activation_energy)
        sigma = nernst_einstein(found["diffusivities"][0], 4, found["volume"], 600.0)
        assert found["conductivities"][0] == pytest.approx(sigma)


def test_relaxed_structures_are_taken_as_they_are(codes, pretrained, lithium_fluoride):
    outputs, node = run(codes["hezsp-engine"], pretrained, {"a": lithium_fluoride}, temperatures=[900.0], relax=False)
    assert node.is_finished_ok, node.exit_message
    assert "structures" not in outputs  # they are inputs
    assert [job.process_label for job in node.called_descendants if isinstance(job, orm.CalcJobNode)] == [
        "MdCalculation"
    ]
    assert outputs["transport"]["a"]["arrhenius"] is None


def test_the_msd_of_the_results_is_that_of_the_trajectory(codes, pretrained, lithium_fluoride):
    """Direct sums over all origins, here at every lag, and the mean over the window of the run."""
    outputs, node = run(codes["hezsp-engine"], pretrained, {"a": lithium_fluoride}, temperatures=[900.0])
    assert node.is_finished_ok, node.exit_message
    trajectory = outputs["trajectories"]["a_900K"]
    positions = trajectory.get_array("positions").astype(float)
    frames = len(positions)
    direct = [
        ((positions[lag:] - positions[: frames - lag]) ** 2).sum(axis=-1).mean() if lag else 0.0
        for lag in range(frames)
    ]
    np.testing.assert_allclose(trajectory.get_array("msd"), direct, atol=1e-6)
    result = outputs["runs"]["b0_900K"]["results"]["a"]
    assert result["msd"] > 0
    assert min(direct) <= result["msd"] <= max(direct)


def test_nothing_left_is_said(codes, pretrained, broken):
    _, node = run(codes["hezsp-engine"], pretrained, {"broken": broken})
    assert node.exit_status == 410
    assert "Not one structure came through" in node.exit_message


def test_keys_are_link_labels():
    assert run_key("b0", 1000) == run_key("b0", 1000.0) == "b0_1000K"
    assert run_key("b0", 900.5) == "b0_900p5K"
