"""Many decorations of one composition: those that single calls give, each under its seed."""

from aiida import orm

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.calculations.make_decorations import make_decorations

FORMULA = "Li2.5Zr0.5Ta0.5Hf0.5Ti0.5Si2PO12"


def test_each_seed_has_its_own(aiida_profile_clean, family):
    node = orm.Dict(family.to_dict())
    cell = orm.Str("primitive")
    made = make_decorations(family=node, formula=orm.Str(FORMULA), cell=cell, seeds=orm.List([4, 7]))
    single = make_configurations(family=node, formulas=orm.List([FORMULA]), cell=cell, seed=orm.Int(7))
    ((label, expected),) = single["structures"].items()
    assert set(made["structures"]) == {f"{label}_s4", f"{label}_s7"}
    assert made["structures"][f"{label}_s7"].get_pymatgen() == expected.get_pymatgen()
    assert made["structures"][f"{label}_s4"].get_pymatgen() != expected.get_pymatgen()
    assert made["compositions"][f"{label}_s4"] == single["compositions"][label]
