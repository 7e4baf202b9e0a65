"""Labels by a real pw.x: images against the plugin's parser and derivatives; killed, broken and stopped runs."""

import os
import re
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node
from ase.build import bulk
from pw_family import family_of, with_sections

from aiida_hezsp.calculations.pw_images import FINAL_SCF, UNCONVERGED, images_of_pw_run, left_out_of_pw_run
from aiida_hezsp.errors import ImageError
from aiida_hezsp.workflows.dft.pseudos import functional_of, recommended_cutoffs, require_pseudos
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain

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


@pytest.fixture
def pw(localhost, tmp_path):
    """Return the namespace `pw`: Debian's pw.x, mortal as above, and a family of Debian's files."""
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
