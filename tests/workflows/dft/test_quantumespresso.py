"""Labels by pw.x: inputs against VASP's for the same structure, and what is refused."""

import re
from collections import defaultdict

import numpy as np
import pytest
from aiida import orm
from ase.build import bulk
from pw_family import family_of, with_sections

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import ImageError, PotentialError, SettingsError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.workflows.dft.aimd import AimdWorkChain
from aiida_hezsp.workflows.dft.engines import dft_engine, given_engines
from aiida_hezsp.workflows.dft.pseudos import recommended_cutoffs, require_pseudos
from aiida_hezsp.workflows.dft.quantumespresso import check_settings, pw_inputs
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain
from aiida_hezsp.workflows.dft.validation import validate_dft
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_kpoints
from aiida_hezsp.workflows.dft.written_pw_inputs import write_pw_inputs
from aiida_hezsp.workflows.potential import PotentialWorkChain
from aiida_hezsp.workflows.protocol import load_protocol

pytest.importorskip("aiida_quantumespresso", reason="the extra `quantumespresso` is not installed")


def settings_of(**dft):
    return load_protocol("paper", {"dft": {"engine": "quantumespresso", **dft}})["dft"]


@pytest.fixture
def headers(aiida_profile_clean, tmp_path):
    """Return a maker of families of UPF files that are headers alone, which no pw.x could run."""

    def make(label="made", functional="PBE", valences=None, cutoffs=True):
        folder = tmp_path / label
        folder.mkdir()
        for element, valence in (valences or {"Fe": 16, "O": 6}).items():
            header = f'<PP_HEADER element="{element}" z_valence="{valence}.0" functional="{functional}"/>'
            (folder / f"{element}.upf").write_text(f'<UPF version="2.0.1">\n{header}')
        return family_of(folder, label, defaultdict(lambda: (50.0, 400.0), Fe=(90.0, 1080.0)) if cutoffs else None)

    return make


@pytest.fixture
def rust(aiida_profile_clean):
    """Rock-salt FeO, 8 atoms."""
    return orm.StructureData(ase=bulk("FeO", "rocksalt", a=4.3, cubic=True))


def inputs_for(structure, family, dft, kind="relax"):
    return pw_inputs(structure, {"code": None, "pseudo_family": orm.Str(family)}, dft, kind, "x")


def test_the_namelists_say_what_incar_says_in_rydberg_units(headers, rust):
    namelists = inputs_for(rust, headers(), settings_of())["pw"]["parameters"].get_dict()
    control, system, electrons = (namelists[name] for name in ("CONTROL", "SYSTEM", "ELECTRONS"))
    assert control["calculation"] == "vc-relax"
    assert control["tprnfor"]
    assert control["tstress"]
    assert control["nstep"] == 200
    assert control["forc_conv_thr"] == pytest.approx(3.88938e-4, rel=1e-5)  # 0.01 eV/A in Ry/bohr
    assert electrons["conv_thr"] == pytest.approx(7.349865e-7, rel=1e-6)  # 1e-5 eV
    assert electrons["electron_maxstep"] == 100
    assert (system["smearing"], system["degauss"]) == ("gaussian", pytest.approx(3.674932e-3, rel=1e-6))  # 0.05 eV
    assert (system["ecutwfc"], system["ecutrho"]) == (90.0, 1080.0)  # the largest of the elements
    assert system["nspin"] == 2
    # MPRelaxSet starts from 5 mu_B on Fe and 0.6 on O
    assert system["starting_magnetization"] == {"Fe": pytest.approx(5 / 16), "O": pytest.approx(0.6 / 6)}


def test_a_single_point_moves_nothing(headers, rust):
    control = inputs_for(rust, headers(), settings_of(), "single_point")["pw"]["parameters"]["CONTROL"]
    assert control == {"calculation": "scf", "tprnfor": True, "tstress": True}


def test_the_mesh_is_vasps(headers, rust):
    made = inputs_for(rust, headers(), settings_of())
    assert made["kpoints"].get_kpoints_mesh() == vasp_kpoints(rust, 0.1).get_kpoints_mesh() == ([3, 3, 3], [0.0] * 3)
    assert "GAMMA_ONLY" not in made["pw"]["settings"].get_dict()
    at_gamma = inputs_for(rust, "made", settings_of(kpoints_distance=0.5))
    assert at_gamma["kpoints"].get_kpoints_mesh()[0] == [1, 1, 1]
    assert at_gamma["pw"]["settings"]["GAMMA_ONLY"]


def test_any_variable_can_be_set_or_removed(headers, rust):
    own = {"SYSTEM": {"ecutwfc": 40.0, "degauss": None}, "IONS": {"upscale": 10}}
    namelists = inputs_for(rust, headers(), settings_of(pw={"parameters": own}))["pw"]["parameters"].get_dict()
    assert namelists["SYSTEM"]["ecutwfc"] == 40.0
    assert namelists["SYSTEM"]["ecutrho"] == 1080.0
    assert "degauss" not in namelists["SYSTEM"]
    more = inputs_for(rust, "made", settings_of(pw={"parameters": {"SYSTEM": {"ecutwfc": 120}}}))["pw"]["parameters"]
    assert (more["SYSTEM"]["ecutwfc"], more["SYSTEM"]["ecutrho"]) == (120.0, 1440.0)
    assert namelists["IONS"] == {"upscale": 10}
    assert "CELL" not in namelists


def test_hubbard_parameters_of_the_users_structure_reach_the_input(headers, rust, tmp_path):
    from aiida_quantumespresso.data.hubbard_structure import HubbardStructureData

    corrected = HubbardStructureData.from_structure(rust)
    corrected.initialize_onsites_hubbard("Fe", "3d", 5.3)
    write_pw_inputs(tmp_path / "with", corrected, settings_of(), "single_point", headers())
    write_pw_inputs(tmp_path / "without", rust, settings_of(), "single_point", "made")
    text = (tmp_path / "with" / "aiida.in").read_text()
    assert re.search(r"HUBBARD\s+ortho-atomic\n\s*U\s+Fe-3d\s+5\.3\n", text)
    assert "HUBBARD" not in (tmp_path / "without" / "aiida.in").read_text()


@pytest.mark.parametrize(
    ("dft", "message"),
    [
        ({"incar": {"gga": "RP"}}, r"dft\.incar\.gga=RP has no counterpart"),
        ({"relax": {"incar": {"isif": 4}}}, r"dft\.relax\.incar\.isif=4 has no counterpart"),
        ({"relax": {"incar": {"ediffg": 1e-4}}}, r"ediffg=0\.0001 must be minus a force"),
    ],
)
def test_what_has_no_counterpart_is_refused(dft, message):
    with pytest.raises(SettingsError, match=message):
        check_settings(settings_of(**dft))


def test_an_engine_or_namelist_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match=r"dft\.engine=cp2k does not exist; known are vasp, quantumespresso"):
        dft_engine(settings_of(engine="cp2k"))
    dft = settings_of()
    dft["pw"]["parameters"]["SYSTEMS"] = {}
    with pytest.raises(SettingsError, match=r"SYSTEMS is no namelist of pw\.x; known are CONTROL"):
        check_settings(dft)


def test_a_missing_plugin_is_one_line_with_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install aiida-hezsp\[quantumespresso\]$"):
        check_settings(settings_of())


def test_missing_pseudopotentials_are_all_named(headers):
    headers()
    with pytest.raises(PotentialError, match="'made' lacks Li, Zr; add them"):
        require_pseudos({"O", "Zr", "Li"}, "made", "PBE")
    with pytest.raises(PotentialError, match="'SSSP' does not exist in this profile; install one with `aiida-pseudo"):
        require_pseudos({"O"}, "SSSP", "PBE")


def test_pseudopotentials_of_another_functional_are_refused(headers):
    headers("sol", "SLA PW PSX PSC")
    with pytest.raises(PotentialError, match=r"another functional than PBE: Fe \(PBEsol\), O \(PBEsol\)"):
        require_pseudos({"Fe", "O"}, "sol", "PBE")
    assert set(require_pseudos({"Fe", "O"}, "sol", "PBEsol")) == {"Fe", "O"}


def test_a_family_without_cutoffs_says_how_to_set_them(headers):
    headers("bare", cutoffs=False)
    with pytest.raises(PotentialError, match=r"recommends no cut-offs; .* dft\.pw\.parameters\.SYSTEM\.ecutwfc"):
        recommended_cutoffs({"O"}, "bare")


def test_work_chains_say_what_is_wrong_before_anything_is_stored(headers, rust):
    headers("few", valences={"O": 6})
    port = RelaxImagesWorkChain.spec().inputs
    settings, structures = with_sections({"engine": "quantumespresso"}), {"rust": rust}
    given = {"pseudo_family": orm.Str("few")}
    value = {"settings": settings, "structures": structures}
    assert validate_dft({**value, "pw": given}, port) == (
        "pseudopotential family 'few' lacks Fe; add them, or take a family that has them"
    )
    assert validate_dft({**value, "vasp": given}, port) == "the inputs pw.code and pw.pseudo_family are missing"
    assert "this work chain runs VASP only" in validate_dft(value, AimdWorkChain.spec().inputs)
    for chain in (RelaxImagesWorkChain, SinglePointsWorkChain, PotentialWorkChain):
        assert not chain.spec().inputs["pw"].required


def test_stage_one_takes_pw_and_hands_it_on(headers, localhost):
    from aiida.engine.utils import instantiate_process
    from aiida.manage import get_manager

    from aiida_hezsp.families import load_family

    family = load_family("lzsp")
    headers("all", valences=dict.fromkeys([*family.charges, "Li", "Si", "P", "O"], 10))
    code = orm.InstalledCode(label="any", computer=localhost, filepath_executable="/bin/true").store()
    settings = load_protocol("demo", {"dft": {"engine": "quantumespresso"}})
    inputs = {
        "engine": {"code": code},
        "pw": {"code": code, "pseudo_family": "all"},
        "family": orm.Dict(family.to_dict()),
        "settings": {name: settings[name] for name in PotentialWorkChain.SECTIONS},
    }
    chain = instantiate_process(get_manager().get_runner(), PotentialWorkChain, **inputs)
    assert set(given_engines(chain.inputs)) == {"pw"}
    assert given_engines(chain.inputs)["pw"].pseudo_family.value == "all"


def one_image(engine):
    return ImageData(
        ImageSet.from_frames(
            symbols=["Si"], cells=[np.eye(3) * 3], positions=np.zeros((1, 1, 3)), energies=[-5.0],
            forces=np.zeros((1, 1, 3)), group="Si", source="r0", engine=engine,
        )
    )  # fmt: skip


def test_energies_of_two_codes_are_never_mixed_but_those_of_two_versions_may_be(aiida_profile_clean):
    rule = orm.Dict({"outlier_threshold": None})
    pw67, pw72, vasp = (one_image(engine) for engine in ("quantumespresso 6.7", "quantumespresso 7.2", "vasp 6.4.2"))
    with pytest.raises(ImageError, match="cannot be mixed in one dataset: quantumespresso, vasp"):
        merge_images(rule=rule, datasets={"a": pw67, "b": vasp})
    merged = merge_images(rule=rule, datasets={"a": pw67, "b": pw72})["images"]
    assert merged.engines == {"quantumespresso 6.7": 1, "quantumespresso 7.2": 1}
