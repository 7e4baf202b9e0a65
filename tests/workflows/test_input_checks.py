"""Mistakes that show in the inputs are refused before anything runs."""

import pytest
from aiida import orm

from aiida_hezsp.families import load_family
from aiida_hezsp.workflows import input_checks
from aiida_hezsp.workflows.active import ActiveWorkChain
from aiida_hezsp.workflows.discover import DiscoverWorkChain
from aiida_hezsp.workflows.input_checks import validate_engine_options
from aiida_hezsp.workflows.potential import PotentialWorkChain
from aiida_hezsp.workflows.protocol import PROTOCOLS, load_protocol
from aiida_hezsp.workflows.sfmsd import SfmsdWorkChain


@pytest.fixture
def complaint(aiida_profile_clean, monkeypatch):
    """What the validator of a work chain's inputs says of a family and settings; DFT has tests of its own."""
    monkeypatch.setattr(input_checks, "validate_dft", lambda *_: None)
    family = orm.Dict(load_family("lzsp").to_dict())

    def say(chain, protocol="demo", **overrides):
        settings = load_protocol(protocol, overrides)
        value = {"family": family, "settings": orm.Dict({name: settings[name] for name in chain.SECTIONS})}
        return chain.spec().inputs.validator(value, None)

    return say


@pytest.mark.parametrize("chain", [PotentialWorkChain, SfmsdWorkChain, ActiveWorkChain, DiscoverWorkChain])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_protocols_are_taken(complaint, chain, protocol):
    assert complaint(chain, protocol) is None


@pytest.mark.parametrize("chain", [PotentialWorkChain, DiscoverWorkChain])
def test_a_model_that_chgnet_does_not_have_is_refused(complaint, chain):
    assert complaint(chain, potential={"pretrained": "0.9.9"}) == (
        "potential.pretrained is 0.9.9: chgnet comes with 0.2.0, 0.3.0, r2scan"
    )


@pytest.mark.parametrize("chain", [PotentialWorkChain, DiscoverWorkChain])
def test_a_composition_held_out_that_is_not_of_the_family_is_refused(complaint, chain):
    assert "W not in family lzsp" in complaint(chain, potential={"holdout": ["Li3Zr1.5W0.5Si2PO12"]})


@pytest.mark.parametrize("chain", [SfmsdWorkChain, ActiveWorkChain, DiscoverWorkChain])
def test_features_that_the_family_does_not_have_are_refused(complaint, chain):
    assert "unknown feature set 'none'" in complaint(chain, sfmsd={"feature_set": "none"})
    variant = {"name": "x", "feature_set": "other", "datasets": None, "splits": []}
    assert "unknown feature set 'other'" in complaint(chain, sfmsd={"variants": [variant]})


def test_a_screen_by_a_model_that_is_not_trained_is_refused(complaint):
    assert complaint(DiscoverWorkChain, sfmsd={"training": {"models": ["RF"]}}) == (
        "screen.model is GB, but sfmsd.training.models are RF"
    )


def test_decorations_of_a_composition_that_is_not_of_the_family_are_refused(complaint):
    wrong = {"in_discover": True, "formula": "Li3Zr1.5W0.5Si2PO12"}
    assert "W not in family lzsp" in complaint(DiscoverWorkChain, robustness=wrong)
    assert complaint(DiscoverWorkChain, robustness={**wrong, "in_discover": False}) is None


def test_options_of_engine_jobs_are_those_of_calculations(aiida_profile_clean):
    good = {"max_wallclock_seconds": 3600, "queue_name": "short", "resources": {"num_machines": 1}}
    assert validate_engine_options(orm.Dict(good), None) is None
    assert validate_engine_options(orm.Dict({}), None) is None
    unknown = validate_engine_options(orm.Dict({"wallclock": 3}), None)
    assert unknown.startswith("unknown options of engine jobs: wallclock; known are account")
    assert "max_wallclock_seconds" in validate_engine_options(orm.Dict({"max_wallclock_seconds": "soon"}), None)
