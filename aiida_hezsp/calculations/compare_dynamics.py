"""Compare a run by AIMD with one by CHGNet (paper, Fig. 3): bond lengths and mean squared displacements."""

from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import calcfunction
from numpy.typing import NDArray

from aiida_hezsp.calculations.aimd_trajectory import bond_arrays, shells, transport_results
from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.trajectory import Trajectory
from aiida_hezsp.transport import mean_squared_displacement
from aiida_hezsp.transport.bond_lengths import overlap

__all__ = ("compare_dynamics",)

_RUN = ("positions", "times", "temperatures", "potential_energies", "cell", "mobile_indices", "frames", "frame_times")


@calcfunction
def compare_dynamics(
    structure: orm.StructureData, aimd: orm.ArrayData, chgnet: orm.ArrayData, aimd_results: orm.Dict, rule: orm.Dict
) -> dict[str, orm.Data]:
    """Compare two runs of one structure.

    Bond lengths are compared by the common area of the two distributions of a pair (1 if equal, 0 if apart) and by mean
    length and number of neighbours of the first shell.

    Args:
        structure: where both runs began.
        aimd: trajectory of `hezsp.dft.aimd`.
        chgnet: trajectory of `hezsp.md`, with full frames.
        aimd_results: results of `hezsp.dft.aimd`, for what made the labels.
        rule: `window` and `bond_lengths` of the section `dft.aimd` of a protocol.

    Returns:
        `report`: `aimd`, `chgnet` (MSD, D, temperature, first shells), `bonds` by pair; and `curves`: `aimd_times` and
        `chgnet_times` (fs), `aimd_msd` and `chgnet_msd` (A^2), `bond_lengths` (A) and the densities (1/A) of both.

    Raises:
        TrajectoryError: a run has no full frames.
    """
    symbols = [structure.get_kind(site.kind_name).symbol for site in structure.sites]
    report: dict[str, Any] = {}
    curves: dict[str, NDArray[Any]] = {}
    bonds = {}
    for name, node in (("aimd", aimd), ("chgnet", chgnet)):
        run = _run(node, name)
        bonds[name] = bond_arrays(run, symbols, rule["bond_lengths"])
        report[name] = transport_results(run, rule.get_dict()) | {"bond_lengths": shells(bonds[name])}
        curves |= {f"{name}_times": run.times, f"{name}_msd": mean_squared_displacement(run.positions)}
        curves |= {f"{name}_{key}": values for key, values in bonds[name].items() if key != "bond_lengths"}
    if bonds["aimd"]:
        curves["bond_lengths"] = bonds["aimd"]["bond_lengths"]
    report["bonds"] = {
        key.removeprefix("bond_density_").replace("_", "-"): {"overlap": overlap(values, bonds["chgnet"][key])}
        for key, values in bonds["aimd"].items()
        if key != "bond_lengths"
    }
    report["aimd"]["label_engine"] = aimd_results["label_engine"]
    node = orm.ArrayData()
    for key, values in curves.items():
        node.set_array(key, np.asarray(values))
    return {"report": orm.Dict(report), "curves": node}


def _run(node: orm.ArrayData, name: str) -> Trajectory:
    """Return the arrays of a trajectory node."""
    arrays = {key: node.get_array(key) for key in _RUN if key in node.get_arraynames()}
    if "frames" not in arrays:
        raise TrajectoryError(f"the {name} run has no full frames, of which bond lengths are made")
    return Trajectory(**arrays)
