"""A screen whose predictions are checked: real relaxations and MD of few steps of 40-atom cells."""

from types import SimpleNamespace

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.families import load_family
from aiida_hezsp.transport import fit_arrhenius
from aiida_hezsp.workflows.compositions import host_formula
from aiida_hezsp.workflows.screen import ScreenWorkChain
from aiida_hezsp.workflows.verify import VerifyWorkChain, choose_predictions

FORMULAS = ["Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12", "Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12", "Li2.5Zr0.5Ta0.5Hf0.5Ti0.5Si2PO12"]
VERIFY = {
    "regions": {"low": 40.0, "high": 120.0, "per_region": 2, "max_error": 1000.0},
    "cell": "primitive",
    "arrhenius": {"host": True, "temperatures": [900.0, 1100.0], "n_steps": 20},
}


def screen(codes, family, pretrained, model):
    chosen = [{"space": None, "n": None, "formulas": FORMULAS, "seed": 1}]
    builder = ScreenWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1, "batch_size": 2},
            "relax": {"fmax": 0.05, "max_steps": 2},
            "md": {"n_steps": 30, "record_every": 2},
            "screen": {"compositions": chosen, "cell": "primitive"},
            "verify": VERIFY,
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
        md_model=pretrained,
        sfmsd_model=model,
    )
    return run_get_node(builder)


@pytest.fixture
def screened(codes, family, pretrained, multinary_models):
    outputs, node = screen(codes, family, pretrained, multinary_models["GB"])
    assert node.is_finished_ok, node.exit_message
    return outputs, node


def jobs_of(node, kind):
    return [job for job in node.called_descendants if job.process_label == kind]


def test_checks_and_arrhenius_of_a_real_screen(screened, family):
    outputs, node = screened
    predictions = outputs["predictions"]
    assert len(predictions) == 3
    # The checks: what the rule draws, on the structures that were predicted from, at the length of the targets.
    settings = node.inputs.settings["verify"]
    choice = choose_predictions({label: found["msd"] for label, found in predictions.items()}, settings)
    regions = outputs["regions"]
    assert sorted(row["label"] for row in regions["rows"]) == sorted(choice.checked)
    assert regions["population"] == choice.population
    assert sum(choice.population.values()) == 3
    (check,) = [job for job in jobs_of(node, "MdCalculation") if job.inputs.parameters["temperature"] == 1000.0]
    assert check.inputs.parameters["n_steps"] == 30
    for row in regions["rows"]:
        prediction = predictions[row["label"]]
        assert check.inputs.structures[row["label"]].uuid == prediction.creator.inputs.structure.uuid
        assert row["md"] == check.outputs.results["results"][row["label"]]["msd"]
        assert row["error"] == pytest.approx(prediction["msd"] - row["md"])
        assert row["accepted"]  # below 1000 A^2
    # The laws: of the best and of the host.
    host = parse_formula(family, host_formula(family)).label
    assert set(outputs["arrhenius"]) == {host, choice.best}
    for found in outputs["arrhenius"].values():
        assert found["temperatures"] == [900.0, 1100.0]
        assert found["lengths_ps"] == [0.02, 0.02]
        law = fit_arrhenius(found["temperatures"], found["diffusivities"], found["diffusivity_errors"])
        assert found["arrhenius"]["activation_energy"] == pytest.approx(law.activation_energy)
        assert found["arrhenius"]["conductivity_low"] < found["arrhenius"]["conductivity"]
    assert outputs["arrhenius"][host]["n_mobile"] == 6
    # Batches of the screen, and one for best and host; the checks relax nothing.
    assert len(jobs_of(node, "RelaxCalculation")) == 3


@pytest.mark.parametrize("best_is_host", [False, True])
def test_the_best_runs_from_what_was_predicted_from_even_if_it_is_the_host(best_is_host):
    label = "host" if best_is_host else "best"
    creator = SimpleNamespace(inputs=SimpleNamespace(structure="predicted from"))
    best = type("Best", (dict,), {"creator": creator})(label=label)
    settings = orm.Dict({"md": {}, "verify": VERIFY})
    chain = SimpleNamespace(
        inputs=SimpleNamespace(settings=settings, best=best),
        host=lambda: {"host": "drawn anew"},
        transport=lambda structures, *_, **__: structures,
    )
    structures = VerifyWorkChain.run_arrhenius(chain)["arrhenius"]
    assert structures[label] == "predicted from"
    assert set(structures) == {label, "host"}


def test_the_host_of_the_family():
    assert host_formula(load_family("lzsp")) == "Li3Zr2Si2PO12"
