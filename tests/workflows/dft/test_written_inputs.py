"""The files as aiida-vasp writes them, against pymatgen's own MPRelaxSet, for all 23 compositions and supercells."""

from math import ceil

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Incar, Kpoints
from pymatgen.io.vasp.sets import MPRelaxSet

from aiida_hezsp.chemistry import decorate, parse_formula, space
from aiida_hezsp.data.structures import structure_data_from_pymatgen
from aiida_hezsp.families import load_family
from aiida_hezsp.standin.potcars import VALENCE_ELECTRONS
from aiida_hezsp.workflows.dft.potentials import family_potentials
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs
from aiida_hezsp.workflows.dft.written_inputs import write_inputs
from aiida_hezsp.workflows.protocol import load_protocol

FAMILY = load_family("lzsp")
TRAINING = [composition.formula for composition in space(FAMILY, "training")]
# All that the paper's settings change or add to MPRelaxSet. (MPRelaxSet: EDIFF 5e-5 eV an atom, NSW 99, GGA of POTCAR.)
PAPER = {"GGA": "PE", "EDIFF": 1e-5, "LCHARG": False}
DIFFERENCES = {
    "relax": {**PAPER, "NSW": 200, "EDIFFG": -0.01},
    "single_point": {**PAPER, "NSW": 1, "IBRION": -1},
}


@pytest.fixture(scope="module")
def potentials(aiida_profile):
    from aiida_hezsp.cli.environment import ensure_standin_potentials

    aiida_profile.reset_storage()
    yield family_potentials(ensure_standin_potentials())
    aiida_profile.reset_storage()


def papers_mesh(structure):
    """Points at most 0.1 /A apart along each reciprocal vector, from the direct cell: b1 = a2 x a3 / V."""
    a = structure.lattice.matrix
    lengths = [np.linalg.norm(np.cross(a[i - 2], a[i - 1])) / structure.volume for i in range(3)]
    return tuple(ceil(length / 0.1) for length in lengths)


def test_there_are_the_papers_23_compositions_and_placeholders_for_all_of_them():
    assert len(TRAINING) == 23
    assert {symbol for formula in TRAINING for symbol in MPRelaxSet(cell(formula)).potcar_symbols} <= set(
        VALENCE_ELECTRONS
    )


def cell(formula, name="primitive"):
    return decorate(FAMILY, parse_formula(FAMILY, formula), name, 1)


@pytest.mark.parametrize(("name", "kind"), [("primitive", "relax"), ("supercell", "single_point")])
@pytest.mark.parametrize("formula", TRAINING)
def test_files_are_mprelaxsets_with_the_papers_differences(potentials, tmp_path, formula, name, kind):
    structure = cell(formula, name)
    mesh = papers_mesh(structure)
    expected = MPRelaxSet(structure, sort_structure=False, user_kpoints_settings=Kpoints.gamma_automatic(mesh))
    write_inputs(tmp_path, structure_data_from_pymatgen(structure), load_protocol("paper")["dft"], kind, potentials)

    written = Incar.from_file(tmp_path / "INCAR")
    assert written == Incar.from_str(str(Incar({**expected.incar, **DIFFERENCES[kind]})))
    assert len(written["MAGMOM"]) == len(structure)

    kpoints = Kpoints.from_file(tmp_path / "KPOINTS")
    assert kpoints.style == Kpoints.supported_modes.Gamma
    assert kpoints.kpts == [mesh]
    assert mesh == ((2, 2, 2) if name == "primitive" else (1, 1, 1))
    assert kpoints.kpts_shift == (0, 0, 0)

    poscar = Structure.from_file(tmp_path / "POSCAR")
    assert [site.specie.symbol for site in poscar] == [site.specie.symbol for site in structure]
    np.testing.assert_allclose(poscar.lattice.matrix, structure.lattice.matrix, atol=1e-9)
    np.testing.assert_allclose(poscar.cart_coords, structure.cart_coords, atol=1e-8)

    rows = [line.split() for line in (tmp_path / "POTCAR.spec").read_text().splitlines()]
    assert [row[0] for row in rows] == expected.potcar_symbols
    assert [row[-1] for row in rows] == [f"sha512:{potentials[symbol].sha512}" for symbol in expected.potcar_symbols]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]


def test_a_new_tag_is_written(potentials, tmp_path):
    dft = load_protocol("paper", {"dft": {"incar": {"ml_lmlff": True}, "new_tags": ["ml_lmlff"]}})["dft"]
    write_inputs(tmp_path, structure_data_from_pymatgen(cell(TRAINING[0])), dft, "relax", potentials)
    assert Incar.from_file(tmp_path / "INCAR")["ML_LMLFF"] is True


def test_nothing_is_stored_and_no_text_of_a_potcar_is_written(potentials, tmp_path):
    before = orm.QueryBuilder().append(orm.Node).count()
    structure = structure_data_from_pymatgen(cell(TRAINING[0]))
    write_inputs(tmp_path, structure, load_protocol("paper")["dft"], "relax", potentials)
    assert orm.QueryBuilder().append(orm.Node).count() == before
    assert not structure.is_stored
    assert "VRHFIN" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_symbols_are_those_of_the_inputs_of_the_work_chain(potentials):
    """Independent of the order of elements: the set of symbols of MPRelaxSet, per composition."""
    for formula in TRAINING:
        node = structure_data_from_pymatgen(cell(formula))
        inputs = vasp_inputs(node, {"code": None, "potential_family": None}, load_protocol("paper")["dft"], "relax", "")
        assert set(inputs["potential_mapping"].get_dict().values()) == set(MPRelaxSet(cell(formula)).potcar_symbols)


# Last: its fixtures clean the profile.
def test_files_are_byte_for_byte_what_a_job_gets(standin, vasp, aluminium, tmp_path):
    dft = {"kpoints_distance": 0.3, "incar": {"encut": 321.5, "ncore": 2}, "relax": {"incar": {"nsw": 1}}}
    dft["max_iterations"] = 1
    code, structure = standin(), aluminium()
    builder = RelaxImagesWorkChain.get_builder_from_protocol(
        protocol="demo", overrides={"dft": dft}, vasp=vasp(code), structures={"al": structure}
    )
    _, node = run_get_node(builder)
    job = next(job for job in node.called_descendants if isinstance(job, orm.CalcJobNode))
    settings = load_protocol("demo", {"dft": dft})["dft"]
    write_inputs(tmp_path, structure, settings, "relax", family_potentials("hezsp-standin"))
    for name in ("INCAR", "KPOINTS", "POSCAR"):
        assert (tmp_path / name).read_text() == job.base.repository.get_object_content(name), name
    assert "ENCUT = 321.5" in (tmp_path / "INCAR").read_text()
