"""Protocols: complete, consistent, and strict about names."""

import pytest

from aiida_hezsp.engine.sfmsd_train import SfmsdTrainInput
from aiida_hezsp.workflows.protocol import PROTOCOLS, ProtocolError, load_protocol, parse_assignments


def keys(settings, prefix=""):
    for name, value in settings.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{name}.")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_every_setting_of_the_paper(name):
    paper = {key for key in keys(load_protocol("paper")) if ".incar." not in key}
    assert paper <= set(keys(load_protocol(name)))


def test_paper_protocol_holds_the_numbers_of_the_paper():
    paper = load_protocol("paper")
    assert paper["dft"]["images"] | {"seed": 1} == {"head": 10, "tail": 40, "seed": 1, "outlier_threshold": 0.5}
    assert paper["dft"]["relax"]["incar"]["ediffg"] == -0.01
    assert paper["dft"]["incar"]["ediff"] == 1e-5
    for stage, batch in (("relaxation", 50), ("md", 10)):
        settings = paper["potential"][f"{stage}_finetune"]
        assert (settings["epochs"], settings["batch_size"], settings["learning_rate"]) == (500, batch, 1e-3)
        assert settings["split"] == {"by": "image", "train": 0.6, "validation": 0.2, "test": 0.2}
    assert paper["potential"]["md"]["temperature"] == 800
    assert paper["potential"]["md"]["n_steps"] / paper["potential"]["md"]["frames_every"] == 1000
    assert paper["potential"]["transition"] == {"cutoff": 2.5, "n_images": 10}
    assert (paper["md"]["temperatures"], paper["md"]["n_steps"], paper["md"]["window"]) == ([1000], 100000, [0.2, 0.8])
    assert paper["sfmsd"]["training"]["search_iterations"] == 100
    assert paper["sfmsd"]["training"]["max_target"] == 200


def test_paper_protocol_holds_the_papers_models_and_splits():
    sfmsd = load_protocol("paper")["sfmsd"]
    training, sisso = sfmsd["training"], sfmsd["training"]["sisso"]
    assert training["models"] == ["GB", "RF", "SISSO"]
    assert [(step["dataset"], step["keep"]) for step in training["splits"]] == [
        ("quaternary", 172), ("quaternary", 40), ("multinary", 148),
    ]  # fmt: skip
    assert (max(sisso["dimension"]), max(sisso["complexity"]), sisso["subspace_size"]) == (7, 4, [10])
    assert sisso["metric"] == "MaxAE"
    assert " ".join(sisso["operators"]) == "+ - * / exp exp- ^-1 ^2 log sin"
    assert {one["name"]: one["feature_set"] for one in sfmsd["variants"]} == {
        "quaternary": "quaternary", "joined": "multinary",
    }  # fmt: skip


@pytest.mark.parametrize("name", PROTOCOLS)
def test_settings_of_sfmsd_training_are_those_of_the_engine(name):
    """What a protocol says is what the job takes: nothing unknown, every step and every setting of SISSO valid."""
    sfmsd = load_protocol(name)["sfmsd"]
    for splits in (sfmsd["training"]["splits"], *(one["splits"] for one in sfmsd["variants"])):
        job = SfmsdTrainInput(job="sfmsd-train", **{**sfmsd["training"], "splits": splits})
        datasets = {choice["name"] for choice in sfmsd["compositions"]}
        assert {step.dataset for step in job.splits} <= {None, *datasets}
    assert "SISSO" in sfmsd["training"]["models"]


def test_overrides_reach_nested_settings_and_leave_the_rest():
    settings = load_protocol("demo", {"relax": {"fmax": 0.5}})
    assert settings["relax"]["fmax"] == 0.5
    assert settings["relax"] | {"fmax": None} == load_protocol("demo")["relax"] | {"fmax": None}


def test_any_incar_tag_may_be_set():
    settings = load_protocol("paper", {"dft": {"incar": {"ncore": 4}}})
    assert settings["dft"]["incar"]["ncore"] == 4


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"relax": {"fmaxx": 1}}, r"'relax\.fmaxx' does not exist; relax has fmax"),
        ({"nothing": 1}, "'nothing' does not exist"),
        ({"relax": 3}, r"'relax' has settings of its own"),
    ],
)
def test_unknown_settings_are_refused_by_name(overrides, message):
    with pytest.raises(ProtocolError, match=message):
        load_protocol("fast", overrides)


def test_unknown_protocol_is_refused():
    with pytest.raises(ProtocolError, match="'slow' does not exist; known are demo, fast, paper"):
        load_protocol("slow")


def test_assignments_are_nested_and_typed():
    assert parse_assignments(("relax.fmax=0.02", "md.temperatures=[900.0, 1000.0]", "relax.optimizer=LBFGS")) == {
        "relax": {"fmax": 0.02, "optimizer": "LBFGS"},
        "md": {"temperatures": [900.0, 1000.0]},
    }


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3", 1e-3), ("-2E5", -2e5), ("1.5e+2", 150.0), ("e3", "e3"), ("{a: 1e-3}", {"a": 1e-3})]
)
def test_numbers_with_an_exponent_are_numbers(text, value):
    assert parse_assignments((f"relax.fmax={text}",)) == {"relax": {"fmax": value}}


@pytest.mark.parametrize("text", ["relax.fmax", "=3", "relax.fmax=[1,"])
def test_malformed_assignments_are_refused(text):
    with pytest.raises(ProtocolError):
        parse_assignments((text,))
