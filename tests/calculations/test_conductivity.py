"""A batch at two temperatures: each structure has its own summary; what failed is named."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.conductivity import conductivity
from aiida_hezsp.transport import fit_arrhenius, nernst_einstein


def entry(d, error=None):
    if error is not None:
        return {"error": error}
    return {
        "msd": 100.0, "msd_error": 10.0, "diffusion_coefficient": d, "diffusion_coefficient_error": d / 5,
        "diffusion": {"value": d, "error": d / 10}, "n_mobile": 6, "volume": 520.0, "length_ps": 100.0, "error": None,
    }  # fmt: skip


def results(temperature, **entries):
    model = {"label_engines": ["standin emt"], "name": "m", "sha256": "0"}
    return orm.Dict({"temperature": temperature, "results": entries, "model": model})


def test_every_structure_has_its_own(aiida_profile_clean):
    runs = {
        "hot": results(1000.0, a=entry(4e-5), b=entry(None, "has blown up"), c=entry(None, "has blown up")),
        "cold": results(900.0, a=entry(2e-5), b=entry(1e-5), c=entry(None, "lost")),
    }
    found = conductivity(rule=orm.Dict({"charge": 1.0, "extrapolate_to": 300.0}), results=runs)["transport"]
    assert set(found) == {"a", "b"}
    law = fit_arrhenius([900.0, 1000.0], [2e-5, 4e-5], [2e-6, 4e-6])
    assert found["a"]["temperatures"] == [900.0, 1000.0]
    assert found["a"]["arrhenius"]["activation_energy"] == pytest.approx(law.activation_energy)
    assert found["a"]["arrhenius"]["activation_energy_error"] == pytest.approx(law.activation_energy_error)
    assert found["a"]["arrhenius"]["conductivity"] == pytest.approx(law.conductivity(300.0, 6, 520.0))
    assert found["a"]["conductivities"][1] == pytest.approx(nernst_einstein(4e-5, 6, 520.0, 1000.0))
    assert found["b"]["temperatures"] == [900.0]
    assert found["b"]["arrhenius"] is None
    assert found["b"]["left_out"] == {"1000": "has blown up"}
    assert found["a"]["label_engines"] == ["standin emt"]
    assert {link.link_label for link in found["a"].creator.base.links.get_incoming().all()} == {
        "rule",
        "results__hot",
        "results__cold",
    }


def test_engines_behind_the_relaxation_model_are_named_too(aiida_profile_clean):
    relaxed = orm.Dict({"results": {}, "model": {"label_engines": ["vasp 6.4.2"]}})
    found = conductivity(
        rule=orm.Dict({"charge": 1.0, "extrapolate_to": 300.0}),
        results={"hot": results(1000.0, a=entry(4e-5))},
        relaxations={"b0": relaxed},
    )["transport"]
    assert found["a"]["label_engines"] == ["standin emt", "vasp 6.4.2"]
