"""Finished VASP calculations made by hand: trajectory, OUTCAR and stdout as aiida-vasp leaves them, no job run."""

import io

import numpy as np
from aiida import orm
from aiida.common import LinkType
from aiida.engine import ProcessState

VASP_OUTCAR = " vasp.6.4.2 20Jul23 (build Aug  2 2023 10:11:12) complex\n"
VASP_STDOUT = " running on    4 total cores\n vasp.6.4.2 20Jul23 (build Aug  2 2023 10:11:12) complex\n"
STANDIN_STDOUT = "hezsp-vasp-standin 0.1.0 calculator=emt (no VASP ran)\n"


def moments_table(moments, *, f_electrons=False):
    """Return one table `magnetization (x)` as VASP writes it; the last column is the total."""
    columns = ["s", "p", "d", *("f" * f_electrons), "tot"]
    lines = [" magnetization (x)", " ", "# of ion       " + "       ".join(columns), "-" * 42]
    for number, total in enumerate(moments, start=1):
        shares = [0.001] * (len(columns) - 1)
        lines.append(f"{number:5d}   " + "".join(f"{value:9.3f}" for value in [*shares, total]))
    return "\n".join([*lines, "-" * 50, f"tot  {sum(moments):9.3f}", "", ""])


def trajectory_data(symbols, cells, fractional, forces, stress, energies):
    """Return what aiida-vasp's parser makes of a run: FRACTIONAL positions, stress in kB with VASP's sign."""
    node = orm.TrajectoryData()
    node.base.attributes.set("symbols", list(symbols))
    for name, array in (
        ("cells", cells),
        ("positions", fractional),
        ("forces", forces),
        ("stress", stress),
        ("energy_extrapolated", energies),
    ):
        if array is not None:
            node.set_array(name, np.asarray(array, dtype=float))
    node.set_array("steps", np.arange(1, len(fractional) + 1))
    return node


def plain_trajectory(n_steps, *, energy=-7.0, symbols=("Li", "F")):
    """Return a trajectory whose step is readable from its energy: `energy` minus 0.001 eV a step."""
    n = len(symbols)
    rng = np.random.default_rng(n_steps)
    return trajectory_data(
        symbols,
        np.tile(4.0 * np.eye(3), (n_steps, 1, 1)),
        np.tile(rng.random((n, 3)), (n_steps, 1, 1)),
        np.zeros((n_steps, n, 3)),
        np.zeros((n_steps, 3, 3)),
        energy - 0.001 * np.arange(n_steps),
    )


def retrieved_files(outcar=VASP_OUTCAR, stdout=VASP_STDOUT):
    """Return the retrieved folder of a run."""
    folder = orm.FolderData()
    for name, text in (("OUTCAR", outcar), ("vasp_output", stdout)):
        folder.base.repository.put_object_from_filelike(io.BytesIO(text.encode()), name)
    return folder


def vasp_run(computer, trajectory, retrieved, exit_status=0):
    """Store a finished VaspCalculation with these outputs and return it."""
    node = orm.CalcJobNode(computer=computer, process_type="aiida.calculations:vasp.vasp")
    node.set_option("resources", {"num_machines": 1})
    node.store()
    for name, output in (("trajectory", trajectory), ("retrieved", retrieved)):
        output.base.links.add_incoming(node, LinkType.CREATE, name)
        output.store()
    node.set_process_state(ProcessState.FINISHED)
    node.set_exit_status(exit_status)
    node.seal()
    return node
