"""Missing POTCARs are all named at once: by the check itself, by the validators of the work chains."""

import pytest
from aiida import orm
from aiida.engine import run_get_node
from aiida.plugins import DataFactory
from ase.build import bulk

from aiida_hezsp.errors import PotentialError
from aiida_hezsp.families import load_family
from aiida_hezsp.standin.potcars import write_placeholder_potcars
from aiida_hezsp.workflows.dft.potentials import missing_potentials, potential_mapping, require_potentials
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain
from aiida_hezsp.workflows.dft.validation import validate_dft
from aiida_hezsp.workflows.discover import DiscoverWorkChain
from aiida_hezsp.workflows.potential import PotentialWorkChain
from aiida_hezsp.workflows.protocol import load_protocol

PAPER = load_protocol("paper")["dft"]
ALL = set(potential_mapping([*load_family("lzsp").charges, "Li", "Si", "P", "O"], PAPER).values())


@pytest.fixture(scope="module")
def poor(aiida_profile, tmp_path_factory):
    """A family with four POTCARs only."""
    import shutil

    aiida_profile.reset_storage()
    root = write_placeholder_potcars(tmp_path_factory.mktemp("potcars"))
    for folder in root.iterdir():
        if folder.name not in {"Li_sv", "Zr_sv", "Si", "O"}:
            shutil.rmtree(folder)
    DataFactory("vasp.potcar").upload_potcar_family(str(root), "poor", "placeholders", stop_if_existing=False)
    yield "poor"
    aiida_profile.reset_storage()


def inputs(potcars, protocol="paper", **extra):
    settings = load_protocol(protocol)
    return {"vasp": {"potential_family": orm.Str(potcars)}, "settings": orm.Dict(settings), **extra}


def test_symbols_are_mprelaxsets_or_the_users():
    assert potential_mapping(["Fe", "Li"], PAPER) == {"Fe": "Fe_pv", "Li": "Li_sv"}
    assert potential_mapping(["Fe"], {**PAPER, "potcar": {"Fe": "Fe_sv"}}) == {"Fe": "Fe_sv"}
    with pytest.raises(PotentialError, match=r"no POTCAR for Po; name one with dft\.potcar\.Po=SYMBOL"):
        potential_mapping(["Po", "O"], PAPER)


def test_all_missing_ones_are_named_in_one_sentence(poor):
    assert missing_potentials({"Li", "O"}, poor, PAPER) == []
    assert missing_potentials({"Li", "P", "Hf", "Mg"}, poor, PAPER) == ["Hf_pv", "Mg_pv", "P"]
    with pytest.raises(PotentialError, match=r"'poor' lacks Hf_pv, Mg_pv, P; upload them with `aiida-vasp potcar"):
        require_potentials({"Li", "P", "Hf", "Mg"}, poor, PAPER)


def test_a_family_that_does_not_exist_is_said_with_what_to_do(poor):
    with pytest.raises(PotentialError, match=r"'PBE\.54' does not exist in this profile; upload it"):
        require_potentials({"Li"}, "PBE.54", PAPER)


@pytest.mark.parametrize("chain", [PotentialWorkChain, DiscoverWorkChain])
def test_stage_one_wants_the_potentials_of_all_compositions_at_once(poor, chain):
    message = chain.spec().inputs.validator(inputs(poor, family=orm.Dict(load_family("lzsp").to_dict())), None)
    named = message.partition("lacks ")[2].partition(";")[0].split(", ")
    assert set(named) == ALL - {"Li_sv", "Zr_sv", "Si", "O"}


def test_a_work_chain_of_structures_refuses_before_it_stores_anything(poor):
    structures = {"a": orm.StructureData(ase=bulk("Mg")), "b": orm.StructureData(ase=bulk("Al"))}
    settings = {name: load_protocol("demo")[name] for name in ("jobs", "dft")}
    code = orm.PortableCode(label="vasp", filepath_executable="vasp", filepath_files=__file__.rpartition("/")[0])
    common = {"vasp": {"code": code, "potential_family": "poor"}, "structures": structures, "settings": settings}
    before = orm.QueryBuilder().append(orm.Node).count()
    with pytest.raises(ValueError, match="lacks Al, Mg_pv"):
        run_get_node(RelaxImagesWorkChain, **common)
    with pytest.raises(ValueError, match="lacks Al, Mg_pv"):
        run_get_node(SinglePointsWorkChain, groups={"a": "a", "b": "b"}, **common)
    assert orm.QueryBuilder().append(orm.Node).count() == before


def test_a_wrong_incar_tag_is_refused_there_too(poor):
    settings = load_protocol("demo", {"dft": {"single_point": {"incar": {"nws": 1}}}})
    value = {"vasp": {"potential_family": orm.Str(poor)}, "settings": orm.Dict(settings), "structures": {}}
    assert validate_dft(value, None).startswith("dft.single_point.incar.nws is no INCAR tag")
