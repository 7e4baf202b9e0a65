"""Plans: counts are the paper's, sums are right, nothing is stored."""

import json

import numpy as np
import pytest

from aiida_hezsp.errors import HezspError, SettingsError
from aiida_hezsp.workflows.plan import plan
from aiida_hezsp.workflows.protocol import load_protocol


def stages(kind, family, protocol="paper", atoms=None, **overrides):
    return {stage.name: stage for stage in plan(kind, family, load_protocol(protocol, overrides), atoms)}


def test_paper_campaign_has_the_papers_counts(family):
    found = stages("discover", family)
    assert found["relaxation dataset"].jobs == 23
    assert found["relaxation model"].structures == 23 * 50
    assert found["MD dataset"].jobs == 230
    assert found["MD targets"].structures == 470
    assert found["MD targets"].jobs == 19  # batches of 25
    assert found["screened structures"].structures == 4575
    assert found["predictions"].structures == 4575
    # 100 candidates of GB and RF each, and the 22 of 28 settings of SISSO that are affordable; five folds
    assert found["SF-MSD models"].steps == (2 * 100 + 22) * 5
    assert (found["SF-MSD models: quaternary"].structures, found["SF-MSD models: joined"].structures) == (200, 470)


def test_the_dry_run_says_what_the_papers_sisso_would_cost(family):
    found = stages("sfmsd", family)["SF-MSD models"].what
    assert found.startswith("GB, RF, SISSO: 1110 fits; without 6 SISSO settings above 5.0 min a fit (dimension 7, ")
    assert "complexity 4: " in found
    assert found.endswith(" min a fit)")
    allowed = stages("sfmsd", family, sfmsd={"training": {"sisso": {"max_fit_seconds": 7200.0}}})["SF-MSD models"]
    assert allowed.what == "GB, RF, SISSO: 1140 fits"
    assert allowed.core_hours > 5.0


def test_paper_campaign_ends_with_checks_arrhenius_and_decorations(family):
    found = stages("discover", family)
    assert (found["checks by MD"].structures, found["checks by MD"].jobs) == (30, 2)
    assert (found["best and host"].structures, found["best and host"].jobs) == (2, 1)
    assert (found["Arrhenius runs"].structures, found["Arrhenius runs"].jobs) == (2, 5)  # one a temperature
    assert (found["random decorations"].structures, found["random decorations"].jobs) == (1000, 40)
    per_structure = found["MD targets"].core_hours / 470
    assert found["checks by MD"].core_hours / 30 == pytest.approx(per_structure, rel=0.02)
    assert found["Arrhenius runs"].core_hours / 10 == pytest.approx(per_structure, rel=0.03)


def test_parts_that_are_turned_off_are_not_planned(family):
    off = {"verify": {"regions": {"per_region": 0}, "arrhenius": {"temperatures": []}}}
    names = stages("discover", family, "demo", **off)
    assert not {"checks by MD", "best and host", "Arrhenius runs", "random decorations"} & set(names)
    assert "random decorations" in stages("robustness", family, "demo")


def test_no_more_is_checked_than_was_screened(family):
    few = {"screen": {"compositions": [{"space": "quaternary", "n": 4, "formulas": None, "seed": 2}]}}
    assert stages("screen.checked", family, **few)["checks by MD"].structures == 4


def test_rounds_end_where_the_pool_does(family):
    found = stages("active", family, "demo", active={"first": 5, "per_round": 4, "rounds": 5})
    counts = [stage.structures for name, stage in found.items() if name.startswith("MD, ")]
    assert counts == [5, 4, 3]  # of 12
    assert found["pool"].structures == found["SF-MSD models"].structures == 12


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("verify", {"verify": {"regions": {"low": 120.0, "high": 40.0}}}, "low < high"),
        ("active", {"active": {"acquisition": "best"}}, "random, greedy, ucb, ei"),
        ("active", {"active": {"kappa": -1.0}}, "negative"),
    ],
)
def test_impossible_settings_are_refused_before_anything_runs(family, kind, settings, message):
    with pytest.raises(SettingsError, match=message):
        stages(kind, family, "demo", **settings)


@pytest.mark.parametrize("kind", ["sfmsd", "active"])
def test_a_feature_set_that_the_family_does_not_have_is_refused(family, kind):
    with pytest.raises(HezspError, match="none"):
        stages(kind, family, "demo", sfmsd={"feature_set": "none"})


def test_a_variant_of_all_datasets_is_planned(family):
    every = {"name": "every", "feature_set": "multinary", "datasets": None, "splits": []}
    found = stages("sfmsd", family, "demo", sfmsd={"variants": [every]})
    assert found["SF-MSD models: every"].structures == found["SF-MSD models"].structures


def test_costs_scale_with_steps_and_atoms(family):
    short = stages("md", family, atoms=[40, 40], md={"n_steps": 1000})["MD"]
    long = stages("md", family, atoms=[160, 160], md={"n_steps": 10000})["MD"]
    overhead = 8.0 / 3600
    assert (long.core_hours - overhead) / (short.core_hours - overhead) == pytest.approx(40)
    assert long.disk_mb / short.disk_mb == pytest.approx(31, rel=0.2)  # ten times the steps, four times the ions


@pytest.mark.parametrize("frames_every", [None, 10])
def test_the_disk_of_a_trajectory_is_that_of_a_real_one(family, tmp_path, frames_every):
    """Against what the engine writes (compressed) and what AiiDA keeps of it (not compressed)."""
    from pymatgen.io.ase import AseAtomsAdaptor

    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.engine.main import main
    from aiida_hezsp.engine.structures import write_structures

    md = {"n_steps": 200, "record_every": 1, "frames_every": frames_every}
    structure = decorate(family, parse_formula(family, "Li3Zr2Si2PO12"), "primitive", 1)
    write_structures(tmp_path / "structures.json", {"host": AseAtomsAdaptor.get_atoms(structure)})
    (tmp_path / "input.json").write_text(json.dumps({"job": "md", "model": "0.3.0", **md}))
    assert main(["md", "--folder", str(tmp_path)]) == 0
    file = tmp_path / "trajectories" / "host.npz"
    with np.load(file, allow_pickle=False) as arrays:
        kept = sum(arrays[name].nbytes for name in arrays.files)
    expected = stages("md", family, "demo", atoms=[len(structure)], md=md)["MD"].disk_mb * 1e6
    assert expected == pytest.approx(file.stat().st_size, rel=0.2)
    assert expected == pytest.approx(kept, rel=0.2)


def test_temperatures_multiply_runs(family):
    one = stages("transport", family, atoms=[40])["MD"]
    three = stages("transport", family, atoms=[40], md={"temperatures": [900.0, 1000.0, 1100.0]})["MD"]
    assert (three.jobs, three.steps) == (3 * one.jobs, 3 * one.steps)
