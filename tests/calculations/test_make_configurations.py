"""Configurations: right content, reproducible, traceable."""

from aiida import orm

from aiida_hezsp.calculations.make_configurations import make_configurations

FORMULAS = ["Li3Zr2Si2PO12", "Li3.5Zr1.5Al0.5Si2PO12"]


def make(family, seed=1, cell="primitive"):
    return make_configurations.run_get_node(
        family=orm.Dict(family.to_dict()), formulas=orm.List(FORMULAS), cell=orm.Str(cell), seed=orm.Int(seed)
    )


def test_one_structure_per_formula_with_the_right_content(aiida_profile_clean, family):
    made, node = make(family)
    assert node.is_finished_ok
    assert made["structures"]["Li3Zr2Si2PO12"].get_formula() == "Li6O24P2Si4Zr4"
    assert made["structures"]["Li3p5Zr1p5Al0p5Si2PO12"].get_formula() == "AlLi7O24P2Si4Zr3"
    known = made["compositions"]["Li3p5Zr1p5Al0p5Si2PO12"]
    assert known["x_li"] == 3.5
    assert known["site_fractions"] == {"Zr": 0.75, "Al": 0.25}


def test_the_same_seed_gives_the_same_structure_and_another_one_another(aiida_profile_clean, family):
    first = make(family)[0]["structures"]["Li3p5Zr1p5Al0p5Si2PO12"]
    again = make(family)[0]["structures"]["Li3p5Zr1p5Al0p5Si2PO12"]
    other = make(family, seed=2)[0]["structures"]["Li3p5Zr1p5Al0p5Si2PO12"]
    assert [site.position for site in first.sites] == [site.position for site in again.sites]
    assert [site.position for site in first.sites] != [site.position for site in other.sites]


def test_sites_are_sorted_by_species(aiida_profile_clean, family):
    structure = make(family, cell="supercell")[0]["structures"]["Li3p5Zr1p5Al0p5Si2PO12"]
    kinds = [site.kind_name for site in structure.sites]
    blocks = [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]
    assert len(blocks) == len(set(blocks)) == 6
    assert len(kinds) == 164
