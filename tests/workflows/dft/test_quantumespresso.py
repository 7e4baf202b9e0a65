"""Labels by pw.x: inputs against VASP's for the same structure, images against the plugin's parser and derivatives."""

import os
import re
import shutil
import stat
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node
from aiida.plugins import GroupFactory
from ase.build import bulk

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.calculations.pw_images import FINAL_SCF, UNCONVERGED, images_of_pw_run, left_out_of_pw_run
from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import ImageError, PotentialError, SettingsError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.workflows.dft.aimd import AimdWorkChain
from aiida_hezsp.workflows.dft.engines import dft_engine, given_engines
from aiida_hezsp.workflows.dft.pseudos import functional_of, recommended_cutoffs, require_pseudos
from aiida_hezsp.workflows.dft.quantumespresso import check_settings, pw_inputs
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain
from aiida_hezsp.workflows.dft.validation import validate_dft
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_kpoints
from aiida_hezsp.workflows.dft.written_pw_inputs import write_pw_inputs
from aiida_hezsp.workflows.potential import PotentialWorkChain
from aiida_hezsp.workflows.protocol import load_protocol

pytest.importorskip("aiida_quantumespresso", reason="the extra `quantumespresso` is not installed")

DEBIAN = Path("/usr/share/espresso/pseudo")
FILES = {"Si": "Si.pbe-rrkj.UPF", "Fe": "Fe.pbe-nd-rrkjus.UPF"}
CUTOFFS = {"Si": (24.0, 96.0), "Fe": (25.0, 200.0)}  # Ry
# Stops at once for a cell of one Si, always; is killed in the second step of the first relaxation, once.
MORTAL = """#!/usr/bin/env bash
grep -q "nat = 1$" aiida.in && grep -q Si.upf aiida.in && exit 3
if [ -e "{died}" ] || ! grep -q relax aiida.in; then exec {pw} "$@"; fi
touch "{died}"
{pw} "$@" &
until grep -q "number of scf cycles" aiida.out; do sleep 0.02; done
kill -9 $!
exit 137
"""
QUICK = {"kpoints_distance": 0.2, "engine": "quantumespresso"}


def settings_of(**dft):
    return load_protocol("paper", {"dft": {"engine": "quantumespresso", **dft}})["dft"]


def with_sections(dft):
    settings = load_protocol("demo", {"dft": dft})
    return orm.Dict({name: settings[name] for name in ("jobs", "dft")})


def family_of(folder, label, cutoffs):
    from aiida_pseudo.data.pseudo.upf import UpfData

    kind = "pseudo.family.cutoffs" if cutoffs else "pseudo.family"
    family = GroupFactory(kind).create_from_folder(folder, label, pseudo_type=UpfData)
    if cutoffs:
        values = {
            element: {"cutoff_wfc": cutoffs[element][0], "cutoff_rho": cutoffs[element][1]}
            for element in family.elements
        }
        family.set_cutoffs(values, "normal", unit="Ry")
    return family.label


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


# --- with pw.x ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pw(localhost, tmp_path):
    """Return the namespace `pw`: Debian's pw.x, mortal as below, and a family of Debian's files."""
    found, files = shutil.which("pw.x"), [DEBIAN / name for name in FILES.values()]
    if found is None or not all(path.is_file() for path in files):
        if os.environ.get("HEZSP_REQUIRE_PWX"):
            pytest.fail("HEZSP_REQUIRE_PWX is set, but Debian's quantum-espresso is not installed")
        pytest.skip("Debian's quantum-espresso is not installed")
    folder, script = tmp_path / "upf", tmp_path / "pw"
    folder.mkdir()
    for element, path in zip(FILES, files, strict=True):
        shutil.copy(path, folder / f"{element}.upf")
    script.write_text(MORTAL.format(pw=found, died=tmp_path / "died"))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    localhost.set_minimum_job_poll_interval(0)
    code = orm.InstalledCode(
        label="pw",
        computer=localhost,
        filepath_executable=str(script),
        default_calc_job_plugin="quantumespresso.pw",
        with_mpi=False,
        prepend_text="export OMP_NUM_THREADS=1",
    ).store()
    return {"code": code, "pseudo_family": orm.Str(family_of(folder, "debian", CUTOFFS))}


# Stopped in order in the second step of the first relaxation, as at the walltime; `aiida.EXIT` is how one asks for it.
HURRIED = """#!/usr/bin/env bash
if [ -e "{died}" ] || ! grep -q relax aiida.in; then exec {pw} "$@"; fi
touch "{died}"
{pw} "$@" &
until [ "$(grep -c "iteration #  2" aiida.out)" -ge 2 ]; do sleep 0.02; done
touch aiida.EXIT
wait
sed -i "s/Program stopped by user request/Maximum CPU time exceeded/" aiida.out
"""


def silicon(strain=0.0, shift=0.0):
    """Return diamond Si, two atoms, stretched, sheared and with one atom moved; strained along x."""
    atoms = bulk("Si", a=5.85)
    atoms.set_cell(atoms.cell[:] @ np.array([[1.01, 0.0, 0.0], [0.0, 0.99, 0.01], [0.0, 0.0, 1.0]]), scale_atoms=True)
    atoms.positions[1] += (0.05, 0.0, -0.02)
    atoms.set_cell(atoms.cell[:] @ np.diag([1 + strain, 1, 1]), scale_atoms=True)
    atoms.positions[1, 0] += shift
    return orm.StructureData(ase=atoms)


def folder_of(text):
    folder = orm.FolderData()
    folder.base.repository.put_object_from_bytes(text.encode(), "aiida.out")
    return folder


def stdout_of(job):
    return job.outputs.retrieved.base.repository.get_object_content("aiida.out")


@pytest.mark.quantumespresso
def test_debians_pseudopotentials_are_read_as_what_they_are(pw):
    pseudos = require_pseudos({"Si", "Fe"}, "debian", "PBE")
    assert {element: node.z_valence for element, node in pseudos.items()} == {"Si": 4, "Fe": 8}
    assert recommended_cutoffs({"Si", "Fe"}, "debian") == (25.0, 200.0)
    from aiida_pseudo.data.pseudo.upf import UpfData

    assert functional_of(UpfData(DEBIAN / "Si.pz-vbc.UPF")) == "LDA"
    assert functional_of(UpfData(DEBIAN / "Ni.pbesol-n-kjpaw_psl.0.1.UPF")) == "PBEsol"
    assert functional_of(UpfData(DEBIAN / "N.pbe-n-kjpaw_psl.1.0.0.UPF")) == "PBE"


@pytest.mark.quantumespresso
@pytest.mark.slow
def test_a_killed_relaxation_gives_its_path_and_a_broken_one_does_not_stop_it(pw):
    dft = {**QUICK, "relax": {"incar": {"ediffg": -0.1, "nsw": 4}}, "images": {"head": 50, "tail": 0}}
    structures = {"si": silicon(), "one": orm.StructureData(ase=bulk("Si", "sc", a=2.6))}
    outputs, node = run_get_node(RelaxImagesWorkChain, pw=pw, structures=structures, settings=with_sections(dft))
    assert node.is_finished_ok
    assert set(outputs["report"]["failed"]) == {"one"}
    images = outputs["images"].get_images()
    (engine,) = set(images.engines)
    assert re.fullmatch(r"quantumespresso \d+\.\d+(\.\d+)?", engine)
    assert set(images.groups) == {"si"}
    for entry in outputs["removed"]["removed"]:
        assert entry["reason"] == FINAL_SCF

    jobs, compared = set(), 0
    for index, origin in enumerate(outputs["images"].origins()):
        job = outputs["images"].calculation(index)
        assert (job.process_label, job.pk) == ("PwCalculation", origin["pk"])
        jobs.add(job.pk)
        theirs, step = job.outputs.output_trajectory, origin["step"]
        rows = images.rows(index)
        energy = theirs.get_array("energy")[step] - theirs.get_array("energy_smearing")[step] / 2
        assert images.energies[index] == pytest.approx(energy, abs=2e-5)
        np.testing.assert_allclose(images.positions[rows], theirs.get_array("positions")[step], atol=1e-5)
        np.testing.assert_allclose(images.cells[index], theirs.get_array("cells")[step], atol=1e-5)
        np.testing.assert_allclose(images.forces[rows], theirs.get_array("forces")[step], atol=1e-5)
        np.testing.assert_allclose(images.stresses[index], -theirs.get_array("stress")[step], atol=1e-3)
        compared += 1
    assert compared == len(images) >= 3
    runs = [
        run for run in node.called_descendants if isinstance(run, orm.CalcJobNode) and run.inputs.structure.sites[1:]
    ]
    (killed,) = [run for run in runs if run.exit_status not in {0, 502}]
    assert killed.pk == min(run.pk for run in runs)
    assert killed.pk not in jobs  # what was repeated from the start counts once
    assert len(images_of_pw_run(killed.outputs.retrieved, "si", "r0")) >= 1
    last = images.rows(len(images) - 1)
    assert np.abs(images.forces[last]).max() < np.abs(images.forces[images.rows(0)]).max()
    _killed_runs_give_the_steps_they_completed(stdout_of(job))


def _killed_runs_give_the_steps_they_completed(text):
    whole = images_of_pw_run(folder_of(text), "si", "r0")
    first = text.index("\n\n", text.index("total   stress"))  # where the first step is complete
    counts = set()
    for end in np.linspace(text.index("Forces acting"), len(text), 40).astype(int):
        if end <= first:
            with pytest.raises(ImageError, match="run 'r0' of si: no ionic step was completed"):
                images_of_pw_run(folder_of(text[:end]), "si", "r0")
            continue
        part = images_of_pw_run(folder_of(text[:end]), "si", "r0")
        counts.add(len(part))
        for name in ("energies", "forces", "stresses", "positions", "cells"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[: len(getattr(part, name))])
    assert {1, len(whole)} <= counts

    second = text.index("total   stress") + 1000
    stuck = text[:second] + "\n     convergence NOT achieved after 100 iterations: stopping\n"
    assert left_out_of_pw_run(folder_of(stuck), "si", "r0")[0]["reason"] == UNCONVERGED
    with pytest.raises(ImageError, match=r"ignored the card HUBBARD: \+U needs pw\.x 7\.1"):
        images_of_pw_run(folder_of(text + "     Warning: card HUBBARD ORTHO-ATOMIC ignored\n"), "si", "r0")


@pytest.mark.quantumespresso
def test_a_relaxation_goes_on_after_the_walltime(pw, tmp_path):
    Path(pw["code"].filepath_executable).write_text(HURRIED.format(pw=shutil.which("pw.x"), died=tmp_path / "died"))
    dft = {**QUICK, "relax": {"incar": {"ediffg": -0.3, "nsw": 20}}, "images": {"head": 50, "tail": 0}}
    outputs, node = run_get_node(RelaxImagesWorkChain, pw=pw, structures={"si": silicon()}, settings=with_sections(dft))
    assert node.is_finished_ok
    assert outputs["report"]["failed"] == {}
    (chain,) = [child for child in node.called if child.process_label == "PwWorkChain"]
    first, second = sorted((job for job in chain.called if isinstance(job, orm.CalcJobNode)), key=lambda job: job.pk)
    assert (first.exit_status, second.exit_status) == (400, 0)
    assert second.inputs.structure.uuid == first.outputs.output_structure.uuid
    assert second.inputs.structure.get_cell_volume() != first.inputs.structure.get_cell_volume()
    assert "not converged" not in stdout_of(second)
    origins = [origin["pk"] for origin in outputs["images"].origins()]
    assert set(origins) == {first.pk, second.pk}
    energies = outputs["images"].get_images().energies
    assert energies[-1] < energies[0]


@pytest.mark.quantumespresso
def test_forces_and_stresses_are_derivatives_of_the_energies(pw):
    strain, shift = 4e-3, 0.01
    structures = {
        "longer": silicon(strain=strain),
        "shorter": silicon(strain=-strain),
        "right": silicon(shift=shift),
        "left": silicon(shift=-shift),
        "iron": orm.StructureData(ase=bulk("Fe", a=2.83)),
    }
    groups = {key: "Fe" if key == "iron" else "Si" for key in structures}
    dft = {**QUICK, "incar": {"ediff": 1e-7}, "images": {"outlier_threshold": None}}
    outputs, node = run_get_node(
        SinglePointsWorkChain, pw=pw, structures=structures, groups=groups, settings=with_sections(dft)
    )
    assert node.is_finished_ok
    assert outputs["report"]["failed"] == {}
    images = outputs["images"].get_images()
    at = {source.rpartition("/")[2]: index for index, source in enumerate(images.sources)}
    energy = {key: images.energies[index] for key, index in at.items()}
    volume = np.mean([abs(np.linalg.det(images.cells[at[key]])) for key in ("longer", "shorter")])
    slope = (energy["longer"] - energy["shorter"]) / (2 * strain) / volume * 160.21766  # eV/A^3 in GPa
    stress = np.mean([images.stresses[at[key]][0, 0] for key in ("longer", "shorter")])
    assert stress == pytest.approx(slope, abs=0.5)  # the number of plane waves changes with the cell
    assert slope > 5.0  # stretched: the sign is certain
    force = -(energy["right"] - energy["left"]) / (2 * shift)
    forces = [images.forces[images.rows(at[key])][1, 0] for key in ("right", "left")]
    assert np.mean(forces) == pytest.approx(force, abs=5e-3)
    assert abs(force) > 0.1

    job = outputs["images"].calculation(at["iron"])
    text = stdout_of(job)
    total, smearing = (
        float(re.findall(rf"{name}\s+=\s+(\S+) Ry", text)[-1]) for name in ("!    total energy", r"-TS\)")
    )
    assert smearing < 0
    assert energy["iron"] == pytest.approx((total - smearing / 2) * 13.605693, abs=1e-4)
    moments, theirs = images.magmoms[images.rows(at["iron"])], job.outputs.output_trajectory
    np.testing.assert_allclose(moments, theirs.get_array("atomic_magnetic_moments")[0])
    assert moments == pytest.approx(theirs.get_array("total_magnetization"), rel=0.1)
    assert moments > 1.5
    np.testing.assert_allclose(images.magmoms[images.rows(at["left"])], 0.0, atol=0.05)
    later = re.sub(r"atom:(.*)charge:(.*)magn:(.*)constr:.*", r"atom\1(R=0.357)  charge=\2 magn=\3", text)  # pw.x 7
    assert later != text
    np.testing.assert_array_equal(
        images_of_pw_run(folder_of(later), "Fe", "r0").magmoms, images.magmoms[images.rows(at["iron"])]
    )
