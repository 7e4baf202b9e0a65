"""Compare relaxations of the same structures by DFT and by CHGNet (paper, Table 1)."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.calculations.vasp_steps import read_steps
from aiida_hezsp.potential.matching import match_sites
from aiida_hezsp.standin.banner import label_engine

__all__ = ("compare_relaxations",)

_ELAPSED = re.compile(r"Elapsed time \(sec\):\s*([\d.]+)")
# The paper's own measure of success: dV below 1 % and RSSD below 1 A "in most cases".
_MAX_DV, _MAX_RSSD = 1.0, 1.0


@calcfunction
def compare_relaxations(**inputs: Mapping[str, Any]) -> dict[str, orm.Data]:
    """Compare relaxed structures, energies and times of DFT and CHGNet.

    RSSD is the root of the sum of squared distances between corresponding sites: each site of one element is assigned
    to one of the same element, over periodic images, so that the sum is smallest, in the mean of the two cells and
    after the common translation is taken away (`aiida_hezsp.potential.matching`).

    Args:
        inputs: namespaces by label: `dft_structures` and `chgnet_structures`, relaxed from one start; `trajectories`,
            of the last DFT run; `retrieved.<label>`, files of all its runs in order; and `chgnet_results`, by batch.

    Returns:
        `report`: `structures` by label, `summary`, `engines` (label engines of the DFT runs).
    """
    rows = {label: _row(label, inputs) for label in sorted(inputs["dft_structures"])}
    engines = sorted({row["dft"].pop("engine") for row in rows.values()})
    summary = {
        "n": len(rows),
        "dv_below_1_percent": sum(row["dv_percent"] < _MAX_DV for row in rows.values()),
        "rssd_below_1_A": sum(row["rssd"] < _MAX_RSSD for row in rows.values()),
        "median_dv_percent": float(np.median([row["dv_percent"] for row in rows.values()])),
        "median_rssd": float(np.median([row["rssd"] for row in rows.values()])),
    }
    return {"report": orm.Dict({"structures": rows, "summary": summary, "engines": engines})}


def _row(label: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row of the table: times (s), energies (eV), volumes (A^3), dV (%), RSSD (A)."""
    dft, chgnet = inputs["dft_structures"][label], inputs["chgnet_structures"][label]
    symbols = [dft.get_kind(site.kind_name).symbol for site in dft.sites]
    cells = np.array(dft.cell), np.array(chgnet.cell)
    positions = [
        np.array([site.position for site in node.sites]) @ np.linalg.inv(cell)
        for node, cell in zip((dft, chgnet), cells, strict=True)
    ]
    match = match_sites(symbols, cells, (positions[0], positions[1]))
    volumes = [abs(float(np.linalg.det(cell))) for cell in cells]
    result = next(
        node["results"][label] for node in inputs["chgnet_results"].values() if label in node["results"]
    )  # fmt: skip
    return {
        "formula": dft.get_formula(mode="hill_compact"),
        "n_atoms": len(symbols),
        "dft": {**_dft(inputs["trajectories"][label], inputs["retrieved"][label]), "volume": volumes[0]},
        "chgnet": {
            "time_s": result["wall_time_s"],
            "energy": result["energy"],
            "volume": volumes[1],
            "n_steps": result["n_steps"],
            "converged": result["converged"],
        },
        "dv_percent": 100.0 * abs(volumes[1] - volumes[0]) / volumes[0],
        "rssd": match.rssd,
        "max_distance": match.max_distance,
    }


def _dft(trajectory: orm.TrajectoryData, runs: Mapping[str, orm.FolderData]) -> dict[str, Any]:
    """Return time, energy and engine of a DFT relaxation; killed runs do not say how long they took."""
    ordered = [runs[key] for key in sorted(runs, key=lambda key: (len(key), key))]
    texts = [node.base.repository.get_object_content("OUTCAR") for node in ordered]
    times = [float(found[1]) if (found := _ELAPSED.search(text)) else None for text in texts]
    stdout = ordered[-1].base.repository.get_object_content("vasp_output")
    return {
        "time_s": sum(time for time in times if time is not None),
        "time_is_complete": None not in times,
        "n_runs": len(ordered),
        "energy": float(read_steps(trajectory, ordered[-1]).energies[-1]),
        "engine": label_engine(stdout, texts[-1]),
    }
