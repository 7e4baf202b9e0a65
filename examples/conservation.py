"""Does molecular dynamics conserve the total energy? NVE of an LZSP cell, with any backend of the potential.

    python examples/conservation.py --backend native --length 10

The cell (160 atoms, or 40 with `--cell primitive`) gets velocities of the temperature, 1 ps of NVT-Berendsen, and then
velocity Verlet without a thermostat. Writes `conservation_<backend>.json` (drift of the total energy by a linear fit,
fluctuation around it, temperature), a figure `.png` with the energies, and `.npz` with the series; the same file holds
the restart point, so that the command given again after an interruption goes on.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.md.nvtberendsen import NVTBerendsen
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet

from aiida_hezsp.chemistry import decorate, parse_formula
from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.families import load_family
from aiida_hezsp.potential import FastCHGNetCalculator
from aiida_hezsp.potential.arrays import read_npz, write_npz

SERIES = ("potential", "kinetic")
BLOCKS = 20
MEV = 1e3


@dataclass(frozen=True)
class Settings:
    """Settings of the run; `length` and `equilibration` in ps, `timestep` and `taut` in fs, `record_every` in steps."""

    backend: str = "auto"
    model: str = "0.3.0"
    formula: str = "Li3Zr2Si2PO12"
    cell: str = "supercell"
    temperature: float = 1000.0
    length: float = 10.0
    equilibration: float = 1.0
    timestep: float = 1.0
    taut: float = 50.0
    record_every: int = 5
    seed: int = 1

    @property
    def mark(self) -> str:
        """What a restart must agree with: everything but the length."""
        return json.dumps({key: value for key, value in asdict(self).items() if key != "length"}, sort_keys=True)


def start(settings: Settings) -> Atoms:
    """Return a random decoration (seed 1) with velocities of the temperature and no total momentum."""
    family = load_family("lzsp")
    made = decorate(family, parse_formula(family, settings.formula), settings.cell, 1)
    atoms = Atoms([site.specie.Z for site in made], positions=made.cart_coords, cell=made.lattice.matrix, pbc=True)
    MaxwellBoltzmannDistribution(atoms, temperature_K=settings.temperature, rng=np.random.default_rng(settings.seed))
    Stationary(atoms, preserve_temperature=True)
    return atoms


def run(settings: Settings, file: Path, save_every: int = 200) -> dict[str, np.ndarray]:
    """Run or go on, and return times (ps), potential and kinetic energies (eV), (records,) each.

    Steps below zero equilibrate, the others conserve. A restart continues bit for bit (one thread).
    """
    atoms = start(settings)
    atoms.calc = FastCHGNetCalculator(settings.model, backend=settings.backend)
    step, series = _resume(file, settings, atoms)
    dt, last = settings.timestep * units.fs, round(settings.length * 1000 / settings.timestep)
    free = VelocityVerlet(atoms, dt)
    bath = NVTBerendsen(atoms, dt, temperature_K=settings.temperature, taut=settings.taut * units.fs)
    begin = time.process_time()
    while step <= last:
        due = step >= 0 and step % settings.record_every == 0
        if due and len(series["potential"]) <= step // settings.record_every:  # a restart point has its own record
            series["potential"].append(atoms.get_potential_energy())
            series["kinetic"].append(atoms.get_kinetic_energy())
        if step % save_every == 0 or step == last:
            _save(file, settings, atoms, step, series)
            seconds = time.process_time() - begin
            print(f"step {step}/{last}  {atoms.get_temperature():.0f} K  {seconds:.0f} s CPU", flush=True)
        if step < last:
            (free if step >= 0 else bath).step()
        step += 1
    times = np.arange(len(series["potential"])) * settings.record_every * settings.timestep / 1000
    return {"times": times} | {name: np.array(values) for name, values in series.items()}


def _save(file: Path, settings: Settings, atoms: Atoms, step: int, series: dict[str, list[float]]) -> None:
    """Write the restart point."""
    state = {"mark": settings.mark, "step": step, "positions": atoms.positions, "momenta": atoms.get_momenta()}
    write_npz(file, state | {name: np.array(values) for name, values in series.items()})


def _resume(file: Path, settings: Settings, atoms: Atoms) -> tuple[int, dict[str, list[float]]]:
    """Set atoms to the restart point, if there is one; return its step and the series so far."""
    if not file.exists():
        return -round(settings.equilibration * 1000 / settings.timestep), {name: [] for name in SERIES}
    saved = read_npz(file, required=("mark", "step", "positions", "momenta", *SERIES), error=TrajectoryError)
    if str(saved["mark"]) != settings.mark:
        raise TrajectoryError(f"{file} belongs to a run with other settings: remove it, or choose another --out")
    atoms.positions[:] = saved["positions"]
    atoms.set_momenta(saved["momenta"])
    return int(saved["step"]), {name: list(map(float, saved[name])) for name in SERIES}


def analyse(times: np.ndarray, potential: np.ndarray, kinetic: np.ndarray, n_atoms: int) -> dict[str, Any]:
    """Return drift and fluctuation of the total energy, meV/atom.

    The drift is the slope of a linear fit; its standard error takes the correlation of the residuals from the variance
    of block means (20 blocks, fewer in runs of a few records). The fluctuation is the standard deviation of the
    residuals, also as a fraction of that of the kinetic energy, which is what is exchanged.
    """
    total = (potential + kinetic) / n_atoms * MEV
    slope, intercept = np.polyfit(times, total, 1)
    residual = total - slope * times - intercept
    blocks = min(BLOCKS, len(residual) // 2)
    size = len(residual) // blocks
    means = residual[: size * blocks].reshape(blocks, size).mean(axis=1)
    variance = max(means.var(ddof=1) * size, residual.var(ddof=2))  # of one record, as if all were independent
    temperatures = 2 * kinetic / (3 * n_atoms * units.kB)
    return {
        "n_atoms": n_atoms,
        "length_ps": float(times[-1]),
        "drift_mev_per_atom_ps": float(slope),
        "drift_error": float(np.sqrt(variance / ((times - times.mean()) ** 2).sum())),
        "fluctuation_mev_per_atom": float(residual.std()),
        "range_mev_per_atom": float(np.ptp(total)),
        "fluctuation_over_kinetic": float(residual.std() / (kinetic / n_atoms * MEV).std()),
        "temperature_mean": float(temperatures.mean()),
        "temperature_std": float(temperatures.std()),
    }


def draw(file: Path, series: dict[str, np.ndarray], result: dict[str, Any], title: str) -> None:
    """Draw the total energy by itself, and with the kinetic and potential energies that make it up."""
    from aiida_hezsp.report.style import COLORS, WIDTH, new_figure, styled

    times, n = series["times"], result["n_atoms"]
    per_atom = {name: (series[name] - series[name].mean()) / n * MEV for name in SERIES}
    total = per_atom["potential"] + per_atom["kinetic"]
    with styled():
        figure = new_figure(WIDTH, 4.6)
        above, below = figure.subplots(2, 1, sharex=True)
        for (name, values), color in zip((*per_atom.items(), ("total", total)), COLORS, strict=False):
            above.plot(times, values, lw=0.7, color=color, label=name)
        above.legend(ncols=3, loc="upper right")
        above.set(title=title, ylabel="energy - mean (meV/atom)")
        below.plot(times, total, lw=0.5, color=COLORS[2])
        below.plot(times, result["drift_mev_per_atom_ps"] * (times - times.mean()), color="k")
        below.set(xlabel="time (ps)", ylabel="total - mean (meV/atom)")
        figure.savefig(file)


def main(arguments: list[str] | None = None) -> None:
    """Run, analyse, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for key, value in asdict(Settings()).items():
        parser.add_argument(f"--{key.replace('_', '-')}", type=type(value), default=value, help=f"default {value}")
    parser.add_argument("--out", type=Path, default=Path(), help="folder to write to")
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    settings = Settings(**options)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"conservation_{settings.backend}.npz"
    series = run(settings, file)
    result = analyse(**series, n_atoms=len(start(settings)))
    versions = {name: version(name) for name in ("aiida-hezsp", "chgnet", "torch", "ase", "numpy")}
    text = json.dumps({"settings": asdict(settings), "result": result, "versions": versions}, indent=1)
    file.with_suffix(".json").write_text(text + "\n", encoding="utf8")
    title = f"{settings.formula}, {result['n_atoms']} atoms, NVE {settings.timestep:g} fs, {settings.backend}"
    draw(file.with_suffix(".png"), series, result, title)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
