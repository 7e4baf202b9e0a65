"""Join the segments of an AIMD run into one trajectory, with its MSD and bond lengths."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import calcfunction
from numpy.typing import NDArray

from aiida_hezsp.calculations.vasp_steps import converged_steps, read_steps
from aiida_hezsp.potential.segments import JoinSettings, Segment, join_segments
from aiida_hezsp.potential.trajectory import Trajectory
from aiida_hezsp.standin.banner import label_engine

__all__ = ("aimd_trajectory", "bond_arrays", "segment_of", "shells", "transport_results")

_TEMPERATURE = re.compile(r"\(temperature\s+([\d.]+)\s*K\)")


@calcfunction
def aimd_trajectory(rule: orm.Dict, **inputs: Mapping[str, orm.Data]) -> dict[str, orm.Data]:
    """Join the segments of an AIMD run.

    Args:
        rule: `mobile`, `timestep` (fs), `record_every`, `frames_every` (steps), `window` (fractions), and
            `bond_lengths` (`anion`, `max_length` and `bin_width` in A, `skip`: fraction of the run at its start).
        inputs: namespaces `retrieved` and `trajectories`, keyed by segment (s0, s1 ...); a killed segment has no
            trajectory.

    Returns:
        `trajectory`, an ArrayData with the arrays that `hezsp.md` writes and the bond lengths, and `results`.

    Raises:
        TrajectoryError: a segment does not continue the one before it.
    """
    settings = rule.get_dict()
    keys = sorted(inputs["retrieved"], key=lambda key: (len(key), key))
    first = read_steps(inputs.get("trajectories", {}).get(keys[0]), inputs["retrieved"][keys[0]])
    join = JoinSettings(**{name: settings[name] for name in ("timestep", "mobile", "record_every", "frames_every")})
    unconverged: list[int] = []
    run = join_segments(_segments(inputs, keys, unconverged), first.symbols, first.cells[0], join)
    bonds = bond_arrays(run, first.symbols, settings["bond_lengths"])
    results = transport_results(run, settings)
    results |= {
        "n_segments": len(keys),
        "unconverged_steps": int(sum(unconverged)),
        "label_engine": _engine(inputs["retrieved"][keys[0]]),
        "bond_lengths": shells(bonds),
    }
    node = orm.ArrayData()
    for name, array in (run.arrays() | bonds | {"msd": _msd(run)}).items():
        node.set_array(name, array)
    return {"trajectory": node, "results": orm.Dict(results)}


def segment_of(name: str, trajectory: orm.TrajectoryData | None, retrieved: orm.FolderData) -> Segment:
    """Return the completed steps of one run as a segment; temperatures are those that OUTCAR prints.

    Raises:
        ImageError: not one step was completed.
    """
    steps = read_steps(trajectory, retrieved)
    outcar = retrieved.base.repository.get_object_content("OUTCAR")
    found = [float(value) for value in _TEMPERATURE.findall(outcar)][: len(steps)]
    temperatures = np.full(len(steps), np.nan)
    temperatures[: len(found)] = found
    return Segment(name, steps.positions, steps.energies, temperatures)


def transport_results(run: Trajectory, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of a run: length (ps), temperature (K), MSD target (A^2), D (cm^2/s), with errors.

    Args:
        run: the recorded run.
        settings: `window`, `timestep` and `record_every`.
    """
    from aiida_hezsp.transport import diffusion_coefficient, diffusion_error, msd_target, msd_target_error

    msd, window, several = _msd(run), tuple(settings["window"]), len(run.mobile_indices) > 1
    half = run.temperatures[len(run.temperatures) // 2 :]
    known = half[np.isfinite(half)]
    return {
        "msd": msd_target(msd, window),
        "msd_error": msd_target_error(run.positions, window) if several else None,
        "msd_window": list(window),
        "diffusion_coefficient": diffusion_coefficient(msd, run.times, window),
        "diffusion_error": diffusion_error(run.positions, run.times, window) if several else None,
        "length_ps": float(run.times[-1]) / 1000.0,
        "temperature_mean": float(known.mean()) if len(known) else None,
        "temperature_std": float(known.std()) if len(known) else None,
        "n_mobile": len(run.mobile_indices),
        "n_records": len(run.times),
    }


def bond_arrays(run: Trajectory, symbols: list[str], settings: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return `bond_lengths` (bins,) A, and for each pair `bond_density_Li_O` (bins,) 1/A; none without the anion.

    Args:
        run: a run with full frames.
        symbols: (atoms,) elements.
        settings: `anion`, `max_length`, `bin_width`, `skip`.
    """
    from aiida_hezsp.transport.bond_lengths import bond_lengths

    if run.frames is None or settings["anion"] not in symbols:
        return {}
    frames = run.frames[int(settings["skip"] * len(run.frames)) :]
    limits = {name: settings[name] for name in ("anion", "max_length", "bin_width")}
    made = bond_lengths(frames, symbols, run.cell, **limits)
    densities = {f"bond_density_{pair.replace('-', '_')}": values for pair, values in made.densities.items()}
    return {"bond_lengths": made.lengths, **densities}


def shells(bonds: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, float]]:
    """Return mean length (A) and number of neighbours of the first shell by pair, from the arrays of `bond_arrays`."""
    from aiida_hezsp.transport.bond_lengths import first_shell

    found = {}
    for name, density in bonds.items():
        shell = first_shell(bonds["bond_lengths"], density) if name.startswith("bond_density_") else None
        if shell is not None:
            found[name.removeprefix("bond_density_").replace("_", "-")] = {"mean": shell[0], "neighbours": shell[1]}
    return found


def _segments(
    inputs: Mapping[str, Mapping[str, orm.Data]], keys: list[str], unconverged: list[int]
) -> Iterator[Segment]:
    """Yield the segments one by one, so that one is in memory at a time; count their unconverged steps."""
    for key in keys:
        retrieved = inputs["retrieved"][key]
        segment = segment_of(key, inputs.get("trajectories", {}).get(key), retrieved)
        outcar = retrieved.base.repository.get_object_content("OUTCAR")
        unconverged.append(int((~converged_steps(outcar, len(segment.energies))).sum()))
        yield segment


def _msd(run: Trajectory) -> NDArray[np.float64]:
    from aiida_hezsp.transport import mean_squared_displacement

    return mean_squared_displacement(run.positions)


def _engine(retrieved: orm.FolderData) -> str:
    read = retrieved.base.repository.get_object_content
    return label_engine(read("vasp_output"), read("OUTCAR"))
