import json
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from aiida_hezsp.families.cif import read_cif
from aiida_hezsp.families.lzsp.build_host import energy_per_atom, fill_empty_sites
from aiida_hezsp.families.lzsp.parent import parent_primitive

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
    assert min(min(found) for found in distances(host, "Li", "O")) > 1.8
    assert min(min(found) for found in distances(template, "Li", "O")) > 1.7
    assert min(min(found) for found in distances(template, "Li", "Li")) > 2.0
    assert min(found[0] for found in distances(template, "Li", "Zr")) > 2.4


def test_template_is_the_host_with_the_empty_sites_filled(host, template, record):
    ordering = tuple(tuple(sites) for sites in record["host"]["ordering"])
    rebuilt = fill_empty_sites(host, parent_primitive(), ordering)
    assert [site.specie.symbol for site in rebuilt] == [site.specie.symbol for site in template]
    assert np.abs(rebuilt.cart_coords - template.cart_coords).max() < 1e-5


def test_host_has_the_lowest_energy_of_all_orderings(record):
    energies = [candidate["relaxed"] for candidate in record["orderings"]]
    assert len(energies) == 42
    assert sum(candidate["equivalent"] for candidate in record["orderings"]) == 420
    assert record["host"]["energy_per_atom"] == pytest.approx(min(energies), abs=1e-4)


def test_recorded_energy_is_the_models(host, record):
    from chgnet.model.model import CHGNet

    model = CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False)
    assert energy_per_atom(model, host) == pytest.approx(record["host"]["energy_per_atom"], abs=1e-3)
    forces = model.predict_structure(host, task="ef")["f"]
    assert np.linalg.norm(forces, axis=1).max() < 0.02
