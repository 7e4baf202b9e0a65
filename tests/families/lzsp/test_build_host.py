import json
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from aiida_hezsp.families.cif import read_cif
from aiida_hezsp.families.lzsp.build_host import energy_per_atom, fill_mobile_sites, standard_orientation
from aiida_hezsp.families.lzsp.parent import apply_ordering, distinct_orderings, parent_primitive

FOLDER = resources.files("aiida_hezsp.families.lzsp")


@pytest.fixture(scope="module")
def host():
    return read_cif(FOLDER / "host.cif")


@pytest.fixture(scope="module")
def template():
    return read_cif(FOLDER / "template.cif")


@pytest.fixture(scope="module")
def record():
    return json.loads((FOLDER / "host.json").read_text())


@pytest.fixture(scope="module")
def model():
    from chgnet.model.model import CHGNet

    return CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False)


def distances(structure, centre, ligand):
    """Sorted distances (centres, n) to all ligands, periodic images within 4 A included."""
    return [
        sorted(n.nn_distance for n in structure.get_neighbors(site, 4.0) if n.specie.symbol == ligand)
        for site in structure
        if site.specie.symbol == centre
    ]


def test_host_cell(host, record):
    assert Counter(site.specie.symbol for site in host) == {"Li": 6, "Zr": 4, "Si": 4, "P": 2, "O": 24}
    assert host.volume == pytest.approx(520, abs=15)
    assert host.volume == pytest.approx(record["host"]["volume"], abs=1e-4)


@pytest.mark.parametrize(
    ("centre", "number", "low", "high"), [("Zr", 6, 1.95, 2.35), ("Si", 4, 1.55, 1.75), ("P", 4, 1.45, 1.65)]
)
def test_polyhedra_of_the_host(host, centre, number, low, high):
    for found in distances(host, centre, "O"):
        assert low < found[0] <= found[number - 1] < high
        assert found[number] > high + 0.4  # the next oxygen is clearly not a corner


def test_no_atoms_too_close(host, template):
    for structure in (host, template):
        assert min(found[0] for found in distances(structure, "Li", "O")) > 1.85
        assert min(found[0] for found in distances(structure, "Li", "Li") if found) > 2.4
        assert min(found[0] for found in distances(structure, "Li", "Si")) > 2.4
        assert min(found[0] for found in distances(structure, "Li", "Zr")) > 2.7


def test_template_has_the_cell_and_framework_of_the_host(host, template):
    assert [site.specie.symbol for site in template][:8] == ["Li"] * 8
    assert [site.specie.symbol for site in template][8:] == [site.specie.symbol for site in host][6:]
    shift = template.frac_coords[8:] - host.frac_coords[6:]
    assert np.abs(shift - np.round(shift)).max() * max(host.lattice.abc) < 1e-5
    assert template.lattice.parameters == pytest.approx(host.lattice.parameters, abs=1e-8)


def test_mobile_sites_are_those_of_the_parent(template):
    """Every Li of the template is nearest to the site of the parent it started from."""
    parent = parent_primitive().frac_coords[:8]
    found = template.lattice.get_all_distances(template.frac_coords[:8], parent)
    assert found.argmin(axis=1).tolist() == list(range(8))


def test_host_has_the_lowest_energy_of_the_relaxed_orderings(record):
    orderings = record["orderings"]
    assert len(orderings) == 42
    assert sum(candidate["equivalent"] for candidate in orderings) == 420
    unrelaxed = [candidate["unrelaxed"] for candidate in orderings]
    assert unrelaxed == sorted(unrelaxed)
    relaxed = [candidate["relaxed"] for candidate in orderings[:10]]
    assert record["host"]["energy_per_atom"] == pytest.approx(min(relaxed), abs=1e-4)
    assert record["host"]["ordering"] == orderings[relaxed.index(min(relaxed))]["ordering"]


def test_recorded_orderings_are_the_recipes(model, record):
    """The inexpensive part of the recipe, done again: energies of two orderings before relaxation."""
    parent = parent_primitive()
    recorded = {str(candidate["ordering"]): candidate["unrelaxed"] for candidate in record["orderings"]}
    for ordering, _ in distinct_orderings(parent)[::30]:
        energy = energy_per_atom(model, apply_ordering(parent, ordering))
        assert energy == pytest.approx(recorded[str([list(sites) for sites in ordering])], abs=1e-3)


def test_recorded_energy_is_the_models(model, host, record):
    assert energy_per_atom(model, host) == pytest.approx(record["host"]["energy_per_atom"], abs=1e-3)
    forces = model.predict_structure(host, task="ef")["f"]
    assert np.linalg.norm(forces, axis=1).max() < 0.02


def test_recipe_makes_the_shipped_template_again(model, host, template):
    rebuilt = fill_mobile_sites(model, host, parent_primitive())
    shift = rebuilt.frac_coords - template.frac_coords
    assert np.abs(shift - np.round(shift)).max() * max(host.lattice.abc) < 1e-2


def test_standard_orientation_changes_no_distance(host):
    turned = standard_orientation(host.copy().apply_operation(rotation()))
    assert turned.distance_matrix == pytest.approx(host.distance_matrix, abs=1e-8)
    assert turned.lattice.matrix == pytest.approx(host.lattice.matrix, abs=1e-6)


def rotation():
    from pymatgen.core.operations import SymmOp

    return SymmOp.from_axis_angle_and_translation((1, 2, 3), 40)
