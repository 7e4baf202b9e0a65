"""VASP inputs against pymatgen's MPRelaxSet, for every training composition, and against the paper."""

from math import ceil

import numpy as np
import pytest
from aiida import orm
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.sets import MPRelaxSet

from aiida_hezsp.chemistry import decorate, parse_formula, space
from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.standin.potcars import VALENCE_ELECTRONS
from aiida_hezsp.workflows.dft.vasp_inputs import potential_mapping, vasp_inputs, vasp_kpoints
from aiida_hezsp.workflows.protocol import load_protocol

FAMILY = load_family("lzsp")
TRAINING = [composition.formula for composition in space(FAMILY, "training")]
# What aiida-vasp takes over itself, or refuses, and what is not meant for this VASP run.
NOT_OURS = {"icharg", "istart", "kspacing"}


def inputs_for(structure, kind, protocol="paper"):
    vasp = {"code": None, "potential_family": orm.Str("any")}
    return vasp_inputs(structure, vasp, load_protocol(protocol)["dft"], kind, "label")


def cell(formula):
    return decorate(FAMILY, parse_formula(FAMILY, formula), "primitive", 1)


def test_there_are_the_papers_23_compositions():
    assert len(TRAINING) == 23


@pytest.mark.parametrize("formula", TRAINING)
def test_potentials_and_incar_are_mprelaxsets(aiida_profile_clean, formula):
    structure = cell(formula)
    expected = MPRelaxSet(structure, sort_structure=False)
    inputs = inputs_for(structure_data_from_pymatgen(structure), "relax")
    # POTCARs in the order of the species in POSCAR
    symbols = Poscar(structure).site_symbols
    assert [inputs["potential_mapping"][symbol] for symbol in symbols] == expected.potcar_symbols
    incar = inputs["parameters"]["incar"]
    settings = load_protocol("paper")["dft"]
    ours = {**settings["incar"], **settings["relax"]["incar"]}
    for tag, value in expected.incar.items():
        if tag.lower() not in {*ours, *NOT_OURS}:
            assert incar[tag.lower()] == value, tag
    assert set(incar) - {tag.lower() for tag in expected.incar} <= set(ours)
    assert {tag: incar[tag] for tag in ours} == ours
    assert len(incar["magmom"]) == len(structure)


@pytest.mark.parametrize("formula", TRAINING)
def test_placeholders_exist_for_every_potential(formula):
    assert set(potential_mapping(cell(formula)).values()) <= set(VALENCE_ELECTRONS)


@pytest.mark.parametrize(("element", "u"), [("Fe", 5.3), ("Co", 3.32), ("Ni", 6.2), ("V", 3.25), ("Al", 0.0)])
def test_hubbard_u_follows_the_order_of_species(aiida_profile_clean, element, u):
    """MPRelaxSet's values (Jain et al., PRB 84, 045115 (2011)), on the dopant and on nothing else."""
    formula = next(text for text in TRAINING if element in text)
    structure = cell(formula)
    incar = inputs_for(structure_data_from_pymatgen(structure), "relax")["parameters"]["incar"]
    symbols = Poscar(structure).site_symbols
    values = incar.get("ldauu", [0] * len(symbols))
    assert dict(zip(symbols, values, strict=True)) == {symbol: u if symbol == element else 0 for symbol in symbols}


@pytest.mark.parametrize(("element", "moment"), [("Fe", 5.0), ("Co", 0.6), ("Ni", 5.0), ("V", 5.0)])
def test_starting_moments_are_at_the_sites_they_are_meant_for(aiida_profile_clean, element, moment):
    formula = next(text for text in TRAINING if element in text)
    node = structure_data_from_pymatgen(cell(formula))
    moments = inputs_for(node, "relax")["parameters"]["incar"]["magmom"]
    expected = [moment if site.kind_name == element else 0.6 for site in node.sites]
    assert moments == expected


def test_the_papers_settings(aiida_profile_clean):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    relax = inputs_for(structure, "relax")["parameters"]["incar"]
    assert (relax["gga"].upper(), relax["ispin"], relax["ediff"], relax["ediffg"]) == ("PE", 2, 1e-5, -0.01)
    assert (relax["isif"], relax["ibrion"]) == (3, 2)
    single = inputs_for(structure, "single_point")["parameters"]["incar"]
    assert (single["nsw"], single["ibrion"]) == (1, -1)


@pytest.mark.parametrize("distance", [0.1, 0.05, 0.2])
def test_the_mesh_is_gamma_centred_with_points_no_farther_apart_than_asked(aiida_profile_clean, distance):
    """Lengths of the reciprocal vectors, here from the direct cell by cross products: b1 = a2 x a3 / V."""
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    mesh, offset = vasp_kpoints(structure, distance).get_kpoints_mesh()
    a = np.array(structure.cell)
    lengths = [np.linalg.norm(np.cross(a[i - 2], a[i - 1])) / abs(np.linalg.det(a)) for i in range(3)]
    assert offset == [0.0, 0.0, 0.0]
    assert mesh == [ceil(length / distance) for length in lengths]


def test_options_and_labels_are_passed_on(aiida_profile_clean):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    vasp = {"code": None, "potential_family": orm.Str("PBE.54"), "options": orm.Dict({"queue_name": "long"})}
    inputs = vasp_inputs(structure, vasp, load_protocol("paper")["dft"], "relax", "relax A")
    assert inputs["calc"]["metadata"]["options"] == {
        "queue_name": "long",
        "resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1},
    }
    assert vasp["options"].get_dict() == {"queue_name": "long"}
    assert inputs["metadata"]["label"] == "relax A"
    assert inputs["max_iterations"].value == 8
