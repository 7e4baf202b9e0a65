"""Do two sets of trajectories diffuse alike? MSD curves and D of a reference and of ours, within statistics.

    python examples/msd_agreement.py --reference stock_1.npz --ours native_1.npz --out agreement

Files are as `run_md` gives them (`np.savez_compressed(file, **trajectory.arrays())`): `positions` (frames, ions, 3) A,
unwrapped, drift removed; `times` (frames,) fs. Several files of a side are independent runs. All are cut to the length
of the shortest. Writes `<out>.json` and `<out>.png`.

What is compared, and how it is judged:

- D (slope of the MSD over dt in the window, over 6), with its errors: from the spread among ions, from blocks in time
  (`--blocks` pieces of every run, each with the window of its own), from the spread among runs where there are several,
  and of kinisi's posterior (`--kinisi`).
- By runs, if there are four or more in all (one may stand alone on its side): Student's t of D and of the MSD in the
  window, runs being independent. This is the judgement to trust: Li moves collectively, and a run of 20 ps does not
  see all of it. The runs agree if both p are above 0.05.
- By ions: they are exchanged between the sides at random (10,000 times); p is the fraction of exchanges whose
  difference of D (or of the curves, mean of |difference| over the window) is at least the one found. Ions are taken as
  independent, which makes p too low: the two halves of one stock run of LZSP (3.6 ps each) gave p = 0.0015.
- With fewer than four runs the judgement is the difference of D over its error, the larger one of ions and blocks of
  each side: the runs agree if it is below 2.
- How small a difference would have been seen: twice the error of the difference, as a fraction of D.
- If both sides start from the same positions and velocities, how long their trajectories stay together.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import diffusion_coefficient, mean_squared_displacement, msd_per_ion, msd_target
from aiida_hezsp.transport.window import WINDOW, window_slice

EXCHANGES = 10_000
SIGNIFICANT = 0.05
ENOUGH_RUNS = 4
TOGETHER = 0.1  # A
A2_PER_FS_IN_CM2_PER_S = 0.1
SIDES = ("reference", "ours")


@dataclass(frozen=True, eq=False)
class Side:
    """Runs of one side: `runs` of positions (frames, ions, 3) A, and their common `times` (frames,) fs."""

    runs: tuple[np.ndarray, ...]
    times: np.ndarray

    @property
    def curves(self) -> np.ndarray:
        """MSD of every ion of every run, (frames, all ions) in A^2."""
        return np.concatenate([msd_per_ion(run) for run in self.runs], axis=1)


def read(files: Sequence[Sequence[Path]], skip: float = 0.0) -> list[Side]:
    """Return the sides without the first `skip` ps, cut to a common length.

    Raises:
        TrajectoryError: a file lacks an array, or the times between frames differ.
    """
    loaded = [[_load(file, skip) for file in names] for names in files]
    everything = [pair for side in loaded for pair in side]
    length = min(len(times) for _, times in everything)
    times = everything[0][1][:length] - everything[0][1][0]
    for _, other in everything:
        if not np.allclose(other[:length] - other[0], times):
            raise TrajectoryError("the files were recorded at different intervals: their curves cannot be compared")
    return [Side(tuple(positions[:length] for positions, _ in side), times) for side in loaded]


def _load(file: Path, skip: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and times of a file from `skip` ps on."""
    with np.load(file, allow_pickle=False) as data:
        if missing := {"positions", "times"} - set(data.files):
            raise TrajectoryError(f"{file} lacks {', '.join(sorted(missing))}: a trajectory of run_md is needed")
        kept = data["times"] >= skip * 1000
        return data["positions"][kept].astype(np.float64), data["times"][kept]


def slopes(curves: np.ndarray, times: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Return D in cm^2/s of every column of curves."""
    chosen = window_slice(len(times), window)
    t = times[chosen] - times[chosen].mean()
    return np.asarray(t @ curves[chosen] / (t @ t) / 6 * A2_PER_FS_IN_CM2_PER_S)


def describe(side: Side, window: tuple[float, float], blocks: int, *, kinisi: bool) -> dict[str, Any]:
    """Return D of a side with its errors, cm^2/s."""
    curves = side.curves
    of_ions = slopes(curves, side.times, window)
    length = len(side.times) // blocks
    pieces = [run[at * length : (at + 1) * length] for run in side.runs for at in range(blocks)]
    of_blocks = [diffusion_coefficient(mean_squared_displacement(p), side.times[:length], window) for p in pieces]
    of_runs = [diffusion_coefficient(mean_squared_displacement(run), side.times, window) for run in side.runs]
    found = {
        "runs": len(side.runs),
        "ions": curves.shape[1],
        "D": float(of_ions.mean()),
        "error_from_ions": float(of_ions.std(ddof=1) / np.sqrt(len(of_ions))),
        "D_of_blocks": float(np.mean(of_blocks)),
        "error_from_blocks": float(np.std(of_blocks, ddof=1) / np.sqrt(len(of_blocks))),
        "D_of_runs": of_runs,
        "msd_in_window": float(curves[window_slice(len(side.times), window)].mean()),
    }
    return found | (_by_kinisi(side) if kinisi else {})


def _by_kinisi(side: Side) -> dict[str, float]:
    """Return mean and standard deviation of kinisi's posterior of D, over the runs, cm^2/s."""
    import scipp
    from ase import Atoms
    from kinisi.analyze import DiffusionAnalyzer

    found = []
    step = float(side.times[1] - side.times[0])
    for run in side.runs:
        box = 2 * float(np.abs(run).max()) + 100.0
        frames = [Atoms(f"Li{len(x)}O", np.vstack([x, np.zeros(3)]) + box / 2, cell=[box] * 3, pbc=True) for x in run]
        analyzer = DiffusionAnalyzer.from_ase(
            frames,
            specie="Li",
            time_step=step * scipp.Unit("fs"),
            step_skip=1 * scipp.Unit("dimensionless"),
            progress=False,
        )
        begin = side.times[-1] / 1000 * WINDOW[0]
        analyzer.diffusion(begin * scipp.Unit("ps"), progress=False, random_state=np.random.RandomState(1))
        found.append((float(np.mean(analyzer.D.values)), float(np.std(analyzer.D.values))))
    values, errors = np.array(found).T
    return {"D_kinisi": float(values.mean()), "error_kinisi": float(np.sqrt((errors**2).sum()) / len(errors))}


def judge(sides: Sequence[Side], window: tuple[float, float], described: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the judgement: by runs where there are enough, otherwise by the errors of D; and by ions, beside it."""
    errors = [max(found["error_from_ions"], found["error_from_blocks"]) for found in described]
    error = float(np.hypot(*errors))
    mean = float(np.mean([found["D"] for found in described]))
    found = {
        "z": (described[1]["D"] - described[0]["D"]) / error,
        "by_ions": by_ions(sides, window),
        "together_fs": together(sides),
    }
    if sum(len(side.runs) for side in sides) < ENOUGH_RUNS:
        agree = bool(abs(found["z"]) < 2)  # noqa: PLR2004 - two errors
        return found | {"judged_by": "errors", "agree": agree, "smallest_visible_difference": 2 * error / mean}
    runs = by_runs(sides, window)
    agree = min(runs["p_of_D"], runs["p_of_msd"]) > SIGNIFICANT
    visible = 2 * runs["error_of_D"] / mean
    return found | {"judged_by": "runs", "agree": agree, "by_runs": runs, "smallest_visible_difference": visible}


def by_runs(sides: Sequence[Side], window: tuple[float, float]) -> dict[str, float]:
    """Return Student's test of D (cm^2/s) and of the MSD in the window (A^2), with equal variances."""
    from scipy.stats import t as student

    found: dict[str, float] = {}
    for name, values in {
        "D": [[diffusion_coefficient(mean_squared_displacement(r), s.times, window) for r in s.runs] for s in sides],
        "msd": [[msd_target(mean_squared_displacement(run), window) for run in side.runs] for side in sides],
    }.items():
        first, second = map(np.array, values)
        freedom = len(first) + len(second) - 2
        variance = sum(((side - side.mean()) ** 2).sum() for side in (first, second)) / freedom
        error = np.sqrt(variance * (1 / len(first) + 1 / len(second)))
        t = (second.mean() - first.mean()) / error
        found |= {f"t_of_{name}": float(t), f"error_of_{name}": float(error)}
        found |= {f"p_of_{name}": float(2 * student.sf(abs(t), freedom))}
    return found


def by_ions(sides: Sequence[Side], window: tuple[float, float], seed: int = 1) -> dict[str, float]:
    """Return the fractions of exchanges of ions with at least the difference found."""
    times, curves = sides[0].times, [side.curves for side in sides]
    of_ions = [slopes(curve, times, window) for curve in curves]
    p = exchange([curve[window_slice(len(times), window)] for curve in curves], of_ions, seed)
    return {"p_of_D": p[0], "p_of_curves": p[1]}


def exchange(curves: Sequence[np.ndarray], of_ions: Sequence[np.ndarray], seed: int) -> tuple[float, float]:
    """Return the fractions of random exchanges of ions between two sides with at least the difference found.

    Args:
        curves: (frames of the window, ions) of each side.
        of_ions: (ions,) D of each side.
        seed: of the exchanges.
    """
    rng, first = np.random.default_rng(seed), curves[0].shape[1]
    whole, values = np.concatenate(curves, axis=1), np.concatenate(of_ions)
    n = whole.shape[1]

    def differences(order: np.ndarray) -> tuple[float, float]:
        weights = np.empty(n)
        weights[order[:first]], weights[order[first:]] = -1 / first, 1 / (n - first)
        return abs(float(values @ weights)), float(np.abs(whole @ weights).mean())

    found = differences(np.arange(n))
    drawn = np.array([differences(rng.permutation(n)) for _ in range(EXCHANGES)])
    at_least = (drawn >= np.array(found) * (1 - 1e-12)).sum(axis=0)
    return tuple(float((count + 1) / (EXCHANGES + 1)) for count in at_least)  # type: ignore[return-value]


def together(sides: Sequence[Side]) -> float | None:
    """Return until when (fs) the first runs of both sides stay within 0.1 A (rms); None if they start apart."""
    first, second = (side.runs[0] for side in sides)
    if first.shape != second.shape or not np.allclose(first[0], second[0], atol=1e-4):
        return None
    apart = np.sqrt(((first - second) ** 2).sum(axis=2).mean(axis=1)) > TOGETHER
    return float(sides[0].times[int(apart.argmax()) if apart.any() else -1])


def draw(file: Path, sides: Sequence[Side], labels: Sequence[str], result: dict[str, Any]) -> None:
    """Draw both MSD curves with bands of one standard error, and the window."""
    from aiida_hezsp.report.style import COLORS, GREY, WIDTH, new_figure, styled

    with styled():
        figure = new_figure(WIDTH, 3.6)
        axes = figure.subplots()
        for side, label, color in zip(sides, labels, COLORS, strict=False):
            times, curves = side.times / 1000, side.curves
            mean, error = curves.mean(axis=1), curves.std(axis=1, ddof=1) / np.sqrt(curves.shape[1])
            axes.plot(times, mean, color=color, label=label)
            axes.fill_between(times, mean - error, mean + error, color=color, alpha=0.2, lw=0)
        low, high = (fraction * sides[0].times[-1] / 1000 for fraction in result["window"])
        axes.axvspan(low, high, color=GREY, alpha=0.1, lw=0)
        verdict = result["judgement"]
        axes.set(xlabel="dt (ps)", ylabel="MSD (A^2)", title=f"the runs {'agree' if verdict['agree'] else 'differ'}")
        axes.legend(loc="upper left")
        figure.savefig(file)


def main(arguments: list[str] | None = None) -> None:
    """Read, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for side in SIDES:
        parser.add_argument(f"--{side}", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--labels", nargs=2, default=["stock", "ours"], help="in the figure")
    parser.add_argument("--window", type=float, nargs=2, default=WINDOW, help="fractions of the run, default 0.2 0.8")
    parser.add_argument("--skip", type=float, default=0.0, help="ps at the start that are left out, default 0")
    parser.add_argument("--blocks", type=int, default=4, help="pieces of every run, default 4")
    parser.add_argument("--kinisi", action="store_true", help="D by kinisi too (extra `tests`; up to a minute a run)")
    parser.add_argument("--out", type=Path, default=Path("msd_agreement"), help="name of the files, without ending")
    options = parser.parse_args(arguments)
    window = tuple(options.window)
    sides = read([options.reference, options.ours], options.skip)
    described = [describe(side, window, options.blocks, kinisi=options.kinisi) for side in sides]
    result = {
        "length_ps": float(sides[0].times[-1] / 1000),
        "skipped_ps": options.skip,
        "window": window,
        "units": {"D": "cm^2/s", "msd": "A^2"},
        **dict(zip(SIDES, described, strict=True)),
        "judgement": judge(sides, window, described),
    }
    text = json.dumps(result, indent=1)
    options.out.with_suffix(".json").write_text(text + "\n", encoding="utf8")
    draw(options.out.with_suffix(".png"), sides, options.labels, result)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
