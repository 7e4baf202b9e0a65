"""Features against pymatgen's own neighbours, chemenv's measure and direct sums; rules, names and refusals."""

import time

import numpy as np
import pytest

from aiida_hezsp.chemistry import decorate, parse_formula
from aiida_hezsp.errors import FamilyError, StructureError
from aiida_hezsp.sfmsd import continuous_symmetry_measure, extract_features, feature_definitions

FORMULA = "Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12"


@pytest.fixture(scope="module")
def composition(family):
    return parse_formula(family, FORMULA)


@pytest.fixture(scope="module")
def structure(family, composition):
    """A supercell with every atom off its ideal place, as after relaxation."""
    cell = decorate(family, composition, "supercell", seed=1)
    rng = np.random.default_rng(1)
    for index in range(len(cell)):
        cell.translate_sites([index], rng.normal(scale=0.05, size=3), frac_coords=False)
    return cell


@pytest.fixture(scope="module")
def multinary(structure, composition, family):
    return extract_features(structure, composition, family)


@pytest.fixture(scope="module")
def quaternary(structure, composition, family):
    return extract_features(structure, composition, family, feature_set="quaternary")


def nearest_oxygens(structure, site, n):
    """Return the vectors to the n nearest O, by pymatgen's own neighbour list."""
    neighbours = [other for other in structure.get_neighbors(structure[site], 6.0) if other.specie.symbol == "O"]
    neighbours.sort(key=lambda other: other.nn_distance)
    return np.array([other.coords - structure[site].coords for other in neighbours[:n]])


def test_sets_have_the_papers_sizes(multinary, quaternary, family):
    assert len(multinary) == 16
    assert len(quaternary) == 17
    assert tuple(multinary) == family.feature_sets["multinary"]
    assert tuple(quaternary) == family.feature_sets["quaternary"]


@pytest.mark.parametrize("feature_set", ["multinary", "quaternary"])
def test_every_column_has_name_unit_and_definition(family, feature_set):
    columns = feature_definitions(family, feature_set)
    assert [column["name"] for column in columns] == list(family.feature_sets[feature_set])
    for column in columns:
        assert set(column) == {"name", "unit", "definition"}
        assert column["unit"]
        assert column["definition"]


def test_rule_for_lithium_is_in_the_definition(family):
    (column,) = [c for c in feature_definitions(family, "multinary") if c["name"] == "csm_li_mean"]
    rule = family.polyhedra["Li"]
    assert rule.ideal in column["definition"]
    assert f"{rule.neighbours} nearest {rule.ligand} (within {rule.cutoff:g} A)" in column["definition"]


def test_cell_and_composition(multinary, quaternary, structure, composition):
    assert multinary["x_li"] == 3.0
    assert multinary["s_config"] == pytest.approx(np.log(4), abs=1e-12)
    assert [multinary[k] for k in ("a", "b", "c")] == list(structure.lattice.abc)
    assert [multinary[k] for k in ("alpha", "beta", "gamma")] == list(structure.lattice.angles)
    assert quaternary["volume"] == structure.volume


@pytest.mark.parametrize(
    ("name", "elements"), [("li", ["Li"]), ("m", ["Zr", "Hf", "Al", "Nb"]), ("si", ["Si"]), ("p", ["P"])]
)
def test_csm_by_pymatgens_neighbours(multinary, structure, family, name, elements):
    rule = {key.lower(): value for key, value in family.polyhedra.items()}[name]
    values = [
        continuous_symmetry_measure(nearest_oxygens(structure, site, rule.neighbours), rule.ideal)
        for site in range(len(structure))
        if structure[site].specie.symbol in elements
    ]
    assert multinary[f"csm_{name}_mean"] == pytest.approx(np.mean(values), abs=1e-9)
    assert multinary[f"csm_{name}_std"] == pytest.approx(np.std(values), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "element"),
    [("li", "Li"), ("zr", "Zr"), ("dopant_1", "Al"), ("dopant_2", "Hf"), ("dopant_3", "Nb"), ("si", "Si"), ("p", "P")],
)
def test_bond_by_a_direct_sum(quaternary, structure, name, element):
    # Dopants by charge, then atomic number: Al 3+, Hf 4+, Nb 5+. The sum over pairs on a grid of 0.002 A.
    distances = np.array(
        [
            other.nn_distance
            for site in structure
            if site.specie.symbol == element
            for other in structure.get_neighbors(site, 8.0)
            if other.specie.symbol == "O"
        ]
    )
    grid = np.arange(0.5, 4.0, 0.002)
    curve = sum(np.exp(-0.5 * ((grid - d) / 0.5) ** 2) / d**2 for d in distances)
    first = next(k for k in range(1, len(grid)) if curve[k - 1] < curve[k] > curve[k + 1])
    assert quaternary[f"bond_{name}"] == pytest.approx(grid[first], abs=0.002)


def test_choice_of_origin_and_image_does_not_matter(multinary, structure, composition, family):
    moved = structure.copy()
    moved.translate_sites(range(len(moved)), [0.37, 0.11, 0.73], to_unit_cell=True)
    rng = np.random.default_rng(2)
    for index in range(len(moved)):
        moved.translate_sites([index], rng.integers(-2, 3, size=3), to_unit_cell=False)
    again = extract_features(moved, composition, family)
    assert again == pytest.approx(multinary, abs=1e-8)


def test_repeating_the_cell_changes_only_the_cell(quaternary, structure, composition, family):
    twice = extract_features(structure * (2, 1, 1), composition, family, "quaternary")
    assert twice.pop("volume") == pytest.approx(2 * quaternary["volume"])
    assert twice == pytest.approx({k: v for k, v in quaternary.items() if k != "volume"}, abs=1e-8)


def test_primitive_cells_work_too(family):
    host = parse_formula(family, "Li3Zr2Si2PO12")
    row = extract_features(decorate(family, host, "primitive", seed=1), host, family)
    assert row["s_config"] == 0.0
    assert all(np.isfinite(value) for value in row.values())


@pytest.mark.parametrize("feature_set", ["multinary", "quaternary"])
def test_160_atoms_take_at_most_150_ms(structure, composition, family, feature_set):
    times = []
    for _ in range(3):
        start = time.process_time()
        extract_features(structure, composition, family, feature_set)
        times.append(time.process_time() - start)
    assert len(structure) == 160
    assert min(times) < 0.15


@pytest.mark.parametrize(
    ("formula", "dopants"), [("Li3Zr1Hf0.5Ti0.5Si2PO12", 2), ("Li3Zr0.5Hf0.5Ti0.5Sn0.25Ge0.25Si2PO12", 4)]
)
def test_quaternary_set_is_for_three_dopants_alone(family, formula, dopants):
    """Of four, it would tell the bonds of the first three and pass over the last."""
    other = parse_formula(family, formula)
    cell = decorate(family, other, "supercell", seed=1)
    with pytest.raises(StructureError, match=rf"has {dopants} dopants: the feature set 'quaternary' is for 3"):
        extract_features(cell, other, family, "quaternary")
    extract_features(cell, other, family, "multinary")


def test_polyhedron_that_cannot_be_formed(structure, composition, family):
    broken = structure.copy()
    broken.scale_lattice(structure.volume * 8)  # M-O of about 4.1 A
    with pytest.raises(StructureError, match=r"polyhedron M of site \d+ \(\w+\): [0-5] O within 4 A, O:6 needs 6"):
        extract_features(broken, composition, _only(family, "csm_m_mean"))


def _only(family, *names):
    return family.model_copy(update={"feature_sets": {"multinary": names}})  # unchecked


def test_structure_of_another_composition(structure, family):
    other = parse_formula(family, "Li3Zr2Si2PO12")
    with pytest.raises(StructureError, match="is not Li3Zr2Si2PO12: 4 Al instead of 0"):
        extract_features(structure, other, family)


def test_disordered_structure(composition, family):
    cell = decorate(family, composition, "primitive", seed=1)
    cell.replace_species({"Zr": {"Zr": 0.5, "Hf": 0.5}})
    with pytest.raises(StructureError, match="disordered"):
        extract_features(cell, composition, family)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("csm_xx_mean",), "names no polyhedron"),
        (("bond_xx",), "names no element"),
        (("colour",), "unknown feature 'colour'"),
    ],
)
def test_unknown_features(family, names, message):
    with pytest.raises(FamilyError, match=message):
        feature_definitions(_only(family, *names), "multinary")


def test_bonds_need_a_ligand(family):
    """A family whose substituted site has no polyhedron."""
    polyhedra = {name: rule for name, rule in family.polyhedra.items() if rule.centre != "substituted"}
    for name in ("bond_si", "bond_dopant_1"):
        bare = _only(family, name).model_copy(update={"polyhedra": polyhedra})
        with pytest.raises(FamilyError, match=f"feature '{name}' needs a polyhedron around the substituted site"):
            feature_definitions(bare, "multinary")


def test_unknown_set(family):
    with pytest.raises(FamilyError, match="unknown feature set 'octonary', known are multinary, quaternary"):
        feature_definitions(family, "octonary")
