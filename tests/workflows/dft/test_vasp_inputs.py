"""VASP inputs as such: +U, moments, smearing, meshes, tags of the user; the written files: test_written_inputs."""

from math import ceil

import numpy as np
import pytest
from aiida import orm
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.inputs import Poscar

from aiida_hezsp.chemistry import decorate, parse_formula, space
from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.errors import SettingsError
from aiida_hezsp.families import load_family
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs, vasp_kpoints
from aiida_hezsp.workflows.protocol import load_protocol

FAMILY = load_family("lzsp")
TRAINING = [composition.formula for composition in space(FAMILY, "training")]


def inputs_for(structure, kind, protocol="paper", **dft):
    vasp = {"code": None, "potential_family": orm.Str("any")}
    return vasp_inputs(structure, vasp, load_protocol(protocol, {"dft": dft})["dft"], kind, "label")


def incar_for(structure, kind="relax", protocol="paper", **dft):
    return inputs_for(structure, kind, protocol, **dft)["parameters"]["incar"]


def cell(formula):
    return decorate(FAMILY, parse_formula(FAMILY, formula), "primitive", 1)


def test_there_are_the_papers_23_compositions():
    assert len(TRAINING) == 23


@pytest.mark.parametrize(("element", "u"), [("Fe", 5.3), ("Co", 3.32), ("Ni", 6.2), ("V", 3.25), ("Al", 0.0)])
def test_hubbard_u_follows_the_order_of_species(aiida_profile, element, u):
    """MPRelaxSet's values (Jain et al., PRB 84, 045115 (2011)), on the dopant and on nothing else."""
    formula = next(text for text in TRAINING if element in text)
    structure = cell(formula)
    incar = inputs_for(structure_data_from_pymatgen(structure), "relax")["parameters"]["incar"]
    symbols = Poscar(structure).site_symbols
    values = incar.get("ldauu", [0] * len(symbols))
    assert dict(zip(symbols, values, strict=True)) == {symbol: u if symbol == element else 0 for symbol in symbols}


@pytest.mark.parametrize(("element", "moment"), [("Fe", 5.0), ("Co", 0.6), ("Ni", 5.0), ("V", 5.0)])
def test_starting_moments_are_at_the_sites_they_are_meant_for(aiida_profile, element, moment):
    formula = next(text for text in TRAINING if element in text)
    node = structure_data_from_pymatgen(cell(formula))
    moments = inputs_for(node, "relax")["parameters"]["incar"]["magmom"]
    expected = [moment if site.kind_name == element else 0.6 for site in node.sites]
    assert moments == expected


def test_the_papers_settings(aiida_profile):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    relax = inputs_for(structure, "relax")["parameters"]["incar"]
    assert (relax["gga"].upper(), relax["ispin"], relax["ediff"], relax["ediffg"]) == ("PE", 2, 1e-5, -0.01)
    assert (relax["isif"], relax["ibrion"]) == (3, 2)
    single = inputs_for(structure, "single_point")["parameters"]["incar"]
    assert (single["nsw"], single["ibrion"]) == (1, -1)


@pytest.mark.parametrize("distance", [0.1, 0.05, 0.2])
def test_the_mesh_is_gamma_centred_with_points_no_farther_apart_than_asked(aiida_profile, distance):
    """Lengths of the reciprocal vectors, here from the direct cell by cross products: b1 = a2 x a3 / V."""
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    mesh, offset = vasp_kpoints(structure, distance).get_kpoints_mesh()
    a = np.array(structure.cell)
    lengths = [np.linalg.norm(np.cross(a[i - 2], a[i - 1])) / abs(np.linalg.det(a)) for i in range(3)]
    assert offset == [0.0, 0.0, 0.0]
    assert mesh == [ceil(length / distance) for length in lengths]


def test_options_and_labels_are_passed_on(aiida_profile):
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


@pytest.mark.parametrize(
    ("protocol", "cell_name", "mesh", "ismear"),
    [("paper", "primitive", [2, 2, 2], -5), ("paper", "supercell", [1, 1, 1], 0), ("fast", "primitive", [1, 1, 1], 0)],
)
def test_no_tetrahedra_on_fewer_than_four_points(aiida_profile, protocol, cell_name, mesh, ismear):
    """VASP stops with `Tetrahedron method fails for NKPT<4`; MPRelaxSet alone sees its own, denser mesh."""
    structure = structure_data_from_pymatgen(decorate(FAMILY, parse_formula(FAMILY, TRAINING[0]), cell_name, 1))
    inputs = inputs_for(structure, "relax", protocol)
    assert inputs["kpoints"].get_kpoints_mesh()[0] == mesh
    assert inputs["parameters"]["incar"]["ismear"] == ismear


def test_symmetry_counts_for_tetrahedra(aiida_profile):
    """Rock salt: of 2 x 2 x 2 points, Gamma, X and L are left, which is three."""
    lif = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    primitive = structure_data_from_pymatgen(lif.get_primitive_structure())
    inputs = inputs_for(primitive, "relax", kpoints_distance=0.25)
    assert inputs["kpoints"].get_kpoints_mesh()[0] == [2, 2, 2]
    assert inputs["parameters"]["incar"]["ismear"] == 0
    assert incar_for(primitive, kpoints_distance=0.1)["ismear"] == -5


def test_any_tag_may_be_set_changed_and_removed(aiida_profile):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    tags = {"encut": 600, "NCORE": 4, "ivdw": 12, "lreal": None, "algo": "Normal", "EDIFF": "1e-6", "icharg": 1}
    incar = incar_for(structure, incar=tags)
    assert (incar["encut"], incar["ncore"], incar["ivdw"], incar["algo"], incar["icharg"]) == (600, 4, 12, "Normal", 1)
    assert "lreal" not in incar
    assert incar["ediff"] == 1e-6  # YAML reads 1e-6 as text; the protocol's `ediff` and the user's `EDIFF` are one tag
    assert all(tag == tag.lower() for tag in incar)
    assert incar_for(structure, relax={"incar": {"encut": 520}}, incar=tags)["encut"] == 520


def test_wrong_tags_are_named_with_what_would_be_right(aiida_profile):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    with pytest.raises(SettingsError, match=r"dft\.incar\.encutt is no INCAR tag.*did you mean encut\?"):
        incar_for(structure, incar={"encutt": 600})
    with pytest.raises(SettingsError, match=r"dft\.relax\.incar\.kspacing has no effect.*dft\.kpoints_distance"):
        incar_for(structure, relax={"incar": {"kspacing": 0.3}})


def test_a_tag_newer_than_aiida_vasp_is_let_through_when_asked(aiida_profile):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    inputs = inputs_for(structure, "relax", incar={"ML_LMLFF": True}, new_tags=["ML_LMLFF"])
    assert inputs["parameters"]["incar"]["ml_lmlff"] is True
    assert inputs["settings"]["unsupported_parameters"] == {"ml_lmlff": None}


def test_another_potential_is_taken_where_one_is_named(aiida_profile):
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    mapping = inputs_for(structure, "relax", potcar={"Li": "Li"})["potential_mapping"].get_dict()
    assert mapping == {"Li": "Li", "Zr": "Zr_sv", "Mg": "Mg_pv", "Si": "Si", "P": "P", "O": "O"}


def test_kinds_and_unsorted_sites_keep_u_moments_and_potentials_at_their_atoms(aiida_profile):
    """aiida-vasp writes a block per run of equal kinds: POTCAR, LDAUU and MAGMOM must follow it."""
    node = orm.StructureData(cell=[[5, 0, 0], [0, 5, 0], [0, 0, 5]])
    for number, (symbol, kind) in enumerate([("O", "O"), ("Fe", "Fe1"), ("Fe", "Fe2"), ("Li", "Li"), ("O", "O")]):
        node.append_atom(position=(number, 0, 0), symbols=symbol, name=kind)
    inputs = inputs_for(node, "relax")
    incar = inputs["parameters"]["incar"]
    assert incar["ldauu"] == [0, 5.3, 5.3, 0, 0]
    assert incar["ldaul"] == [0, 2, 2, 0, 0]
    assert incar["magmom"] == [0.6, 5.0, 5.0, 0.6, 0.6]
    assert inputs["potential_mapping"].get_dict() == {"O": "O", "Fe1": "Fe_pv", "Fe2": "Fe_pv", "Li": "Li_sv"}


def test_no_monitor_kills_long_runs(aiida_profile):
    """aiida-vasp attaches one that kills a job whose stdout passes 5 MB, unless it is told not to."""
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    assert inputs_for(structure, "relax")["settings"]["no_default_monitors"] is True
