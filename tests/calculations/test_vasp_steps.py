"""Steps of VASP runs: numbers by hand through aiida-vasp's parser, killed runs, unconverged electronic steps."""

import re

import numpy as np
import pytest
from aiida import orm
from standin_files import shaken_aluminium, standin_run
from vasp_run import plain_trajectory, retrieved_files

from aiida_hezsp.calculations.single_point_images import single_point_images
from aiida_hezsp.calculations.vasp_images import images_of_run, images_of_runs
from aiida_hezsp.calculations.vasp_steps import converged_steps, read_steps
from aiida_hezsp.errors import ImageError

STATIC = {"NSW": 1, "IBRION": -1, "ISPIN": 1}
RELAX = {"NSW": 9, "IBRION": 2, "ISIF": 3, "EDIFFG": -1e-6, "ISPIN": 1}


def with_numbers_of_mine(text):
    """Write a stress of -120.5 kB (and so on) and three different energies into a vasprun.xml."""
    stress = ((-120.5, 3.0, -4.0), (3.0, 250.0, 5.5), (-4.0, 5.5, 10.0))
    rows = "\n".join(f"   <v> {a:16.8f} {b:16.8f} {c:16.8f} </v>" for a, b, c in stress)
    text = re.sub(r'(<varray name="stress" >\n).*?(\n\s*</varray>)', rf"\1{rows}\2", text, flags=re.DOTALL)
    for name, value in (("e_fr_energy", -14.25), ("e_wo_entrp", -14.05), ("e_0_energy", -14.15)):
        text = re.sub(rf'(<i name="{name}">)\s*\S+', rf"\1 {value:.8f}", text)
    return text


def test_stress_in_kbar_and_three_energies_worked_out_by_hand(localhost):
    """In vasprun.xml -120.5 kB along x: the cell wants to shrink, is under tension, +12.05 GPa in ASE's sign.

    Of F = -14.25 eV, E = -14.05 eV and their extrapolation to zero smearing, -14.15 eV, the last is the label.
    """
    made = standin_run(localhost, shaken_aluminium(), edit=with_numbers_of_mine, **STATIC)
    assert made.status == 0
    images = images_of_run(made.trajectory, made.retrieved, "Al", "r0")
    np.testing.assert_allclose(images.stresses, [[[12.05, -0.3, 0.4], [-0.3, -25.0, -0.55], [0.4, -0.55, -1.0]]])
    assert images.energies.tolist() == [-14.15]
    # what CHGNet's own reader makes of VASP's numbers: stress times -0.1, in GPa
    assert images.stresses[0, 1, 1] == pytest.approx(-0.1 * 250.0)


def test_the_stress_is_the_strain_derivative_of_the_energy(localhost):
    """dE/d(strain)/V by finite differences, six strains, from the files to the node.

    sigma_ij = (1/V) dE/d eps_ij, tension positive; 1 eV/A^3 is 160.2176634 GPa.
    """
    step, pairs = 2e-3, ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    runs = {"r0": standin_run(localhost, shaken_aluminium(), **STATIC)}
    for number, (i, j) in enumerate(pairs):
        strain = np.zeros((3, 3))
        strain[i, j] += step / 2
        strain[j, i] += step / 2
        for sign, name in ((1, "p"), (-1, "m")):
            runs[f"{name}{number}"] = standin_run(localhost, shaken_aluminium(strain=sign * strain), **STATIC)
    made = single_point_images(
        groups=orm.Dict(dict.fromkeys(runs, "Al")),
        trajectories={key: run.trajectory for key, run in runs.items()},
        retrieved={key: run.retrieved for key, run in runs.items()},
    )
    images = made["images"].get_images()
    energy = dict(zip(images.sources.tolist(), images.energies, strict=True))
    at = images.sources.tolist().index("r0")
    volume = abs(np.linalg.det(images.cells[at]))
    derivatives = [(energy[f"p{n}"] - energy[f"m{n}"]) / (2 * step) / volume * 160.2176634 for n in range(6)]
    stress = images.stresses[at]
    assert np.abs(stress).max() > 0.5
    np.testing.assert_allclose([stress[pair] for pair in pairs], derivatives, atol=2e-3)


def test_a_killed_run_gives_the_steps_it_completed(localhost):
    """The same steps as the run that was not killed, through another reader: pymatgen's, aiida-vasp's gives none."""
    whole = standin_run(localhost, shaken_aluminium(), **RELAX)
    killed = standin_run(localhost, shaken_aluminium(), options={"end": "die", "die_after": 4}, **RELAX)
    assert (whole.status, killed.status) == (702, 700)
    assert killed.trajectory is None
    expected, found = read_steps(whole.trajectory, whole.retrieved), read_steps(None, killed.retrieved)
    assert (len(expected), len(found)) == (9, 4)
    assert found.symbols == expected.symbols
    for name in ("cells", "positions", "energies", "forces", "stresses"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name)[:4], atol=1e-9, err_msg=name)


@pytest.mark.parametrize("after", [0])
def test_a_run_killed_in_its_first_step_has_none(localhost, after):
    killed = standin_run(localhost, shaken_aluminium(), options={"end": "die", "die_after": after}, **RELAX)
    with pytest.raises(ImageError, match="not one ionic step was completed"):
        read_steps(None, killed.retrieved)


def test_without_files_there_are_no_steps(aiida_profile_clean):
    with pytest.raises(ImageError, match=r"there is no vasprun\.xml"):
        read_steps(None, retrieved_files())


def iterations(*steps):
    """Return the lines of OUTCAR that count electronic steps; per ionic step: their number, whether EDIFF was met."""
    lines = []
    for number, (count, reached) in enumerate(steps, start=1):
        lines += [f"----- Iteration {number:6d}({electronic:4d})  -----" for electronic in range(1, count + 1)]
        if reached:
            lines.append("------------------------ aborting loop because EDIFF is reached ------")
    return "\n".join(lines) + "\n"


def test_which_ionic_steps_converged():
    assert converged_steps(iterations((9, True), (60, False), (5, True)), 3).tolist() == [True, False, True]
    assert converged_steps(iterations((9, True), (2, False)), 1).tolist() == [True]  # the second was never completed
    assert converged_steps("an abridged OUTCAR", 2).tolist() == [True, True]


def test_images_of_unconverged_steps_are_left_out_and_recorded(aiida_profile_clean):
    text = " vasp.6.4.2 20Jul23\n" + iterations((9, True), (60, False), (5, True))
    sets, left_out = images_of_runs(
        {"trajectories": {"r0": plain_trajectory(3)}, "retrieved": {"r0": retrieved_files(text)}}, {"r0": "LiF"}
    )
    assert sets[0].steps.tolist() == [0, 2]
    assert sets[0].energies.tolist() == [-7.0, -7.002]
    reason = "the electronic steps did not converge"
    assert left_out == [{"group": "LiF", "source": "r0", "step": 1, "reason": reason}]


def test_the_stand_ins_unconverged_run_leaves_nothing(localhost):
    made = standin_run(localhost, shaken_aluminium(), options={"end": "unconverged"}, NELM=5, **STATIC)
    assert made.status == 701
    sets, left_out = images_of_runs(
        {"trajectories": {"r0": made.trajectory}, "retrieved": {"r0": made.retrieved}}, {"r0": "Al"}
    )
    assert sets == []
    assert [entry["step"] for entry in left_out] == [0]
