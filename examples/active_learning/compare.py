"""How many MD runs does it take to find the best of `recorded.csv`: at random, or chosen by a committee?

    python examples/active_learning/compare.py

Every order begins with the same few runs drawn at random for all ways of choosing; then each way chooses, from what
has "run" so far, what runs next. Nothing is computed anew: the MSD is looked up. Writes `compare.json` and
`compare.png`.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from aiida_hezsp.families import load_family
from aiida_hezsp.sfmsd.acquisition import AcquisitionRule, choose_next

HERE = Path(__file__).parent
WAYS = ("random", "greedy", "ucb", "ei")


def load(file: Path, feature_set: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features (rows, features), MSD and its standard error (rows,) in A^2."""
    names = load_family("lzsp").feature_sets[feature_set]
    with file.open(encoding="utf8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    x = np.array([[float(row[name]) for name in names] for row in rows])
    return x, *(np.array([float(row[name]) for row in rows]) for name in ("msd", "msd_error"))


def search(x: np.ndarray, y: np.ndarray, way: str, order: int, first: int, per_round: int) -> list[int]:
    """Return the order in which everything runs."""
    known = np.random.default_rng(order).permutation(len(y))[:first].tolist()
    while len(known) < len(y):
        rest = [index for index in range(len(y)) if index not in known]
        rule = AcquisitionRule(way, seed=1000 * order + len(known))
        known += [rest[index] for index in choose_next(x[known], y[known], x[rest], per_round, rule)]
    return known


def found(ranking: list[int], y: np.ndarray, top: int) -> np.ndarray:
    """Return how many of the `top` largest are among the first n of a ranking, for n = 0 to all."""
    best = set(np.argsort(-y, kind="stable")[:top].tolist())
    return np.concatenate([[0], np.cumsum([index in best for index in ranking])])


def runs_needed(curve: np.ndarray, wanted: int) -> int:
    """Return after how many runs `wanted` of the top were found."""
    return int(np.argmax(curve >= wanted))


def noise_of(y: np.ndarray, errors: np.ndarray, top: int) -> float:
    """Return how many of the recorded top would be in the top again, on average, were all runs repeated."""
    rng, best = np.random.default_rng(1), set(np.argsort(-y)[:top].tolist())
    again = [set(np.argsort(-(y + errors * rng.normal(size=len(y))))[:top].tolist()) for _ in range(2000)]
    return float(np.mean([len(best & other) for other in again]))


def summarise(curves: dict[str, np.ndarray], y: np.ndarray, errors: np.ndarray, options: argparse.Namespace) -> dict:
    """Return the numbers of the comparison."""
    half = options.first + (len(y) - options.first) // 2
    wanted = sorted({1, (options.top + 1) // 2, options.top})
    return {
        "rows": len(y),
        "top": options.top,
        "first": options.first,
        "per_round": options.per_round,
        "orders": options.orders,
        "feature_set": options.feature_set,
        "msd": {"min": float(y.min()), "median": float(np.median(y)), "max": float(y.max())},
        "mean_error_of_msd": float(errors.mean()),
        "of_the_top_again_if_repeated": noise_of(y, errors, options.top),
        "expected_at_random": [options.top * n / len(y) for n in range(len(y) + 1)],
        "ways": {
            way: {
                "found_mean": runs.mean(axis=0).tolist(),
                "found_std": runs.std(axis=0, ddof=1).tolist(),
                f"found_after_{half}_runs": float(runs[:, half].mean()),
                "runs_until": {
                    str(n): {
                        "mean": float(np.mean(needed := [runs_needed(curve, n) for curve in runs])),
                        "std": float(np.std(needed, ddof=1)),
                        "median": float(np.median(needed)),
                    }
                    for n in wanted
                },
                "orders_better_than_random": float(np.mean(runs.mean(axis=1) > curves["random"].mean(axis=1))),
            }
            for way, runs in curves.items()
        },
    }


def draw(file: Path, curves: dict[str, np.ndarray], result: dict) -> None:
    """Draw the number found against the number of runs, with the middle two thirds of the orders."""
    from aiida_hezsp.report.style import COLORS, GREY, WIDTH, new_figure, styled

    with styled():
        figure = new_figure(WIDTH, 3.6)
        axes = figure.subplots()
        n = np.arange(result["rows"] + 1)
        axes.plot(n, result["expected_at_random"], color=GREY, ls="--", label="chance, exact")
        for (way, runs), color in zip(curves.items(), COLORS, strict=False):
            low, high = np.quantile(runs, (1 / 6, 5 / 6), axis=0)
            axes.plot(n, runs.mean(axis=0), color=color, label=way)
            if way in {"random", "ucb"}:
                axes.fill_between(n, low, high, color=color, alpha=0.15, lw=0)
        axes.axvline(result["first"], color=GREY, lw=0.8)
        axes.set(xlabel="MD runs", ylabel=f"of the best {result['top']} found", xlim=(0, len(n) - 1))
        axes.legend(loc="lower right")
        figure.savefig(file)


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, default=HERE / "recorded.csv")
    parser.add_argument("--out", type=Path, default=HERE / "compare", help="name of the files, without ending")
    parser.add_argument("--top", type=int, default=5, help="how many count as the best")
    parser.add_argument("--first", type=int, default=6, help="runs at random to begin with")
    parser.add_argument("--per-round", type=int, default=2)
    parser.add_argument("--orders", type=int, default=40, help="random beginnings")
    parser.add_argument("--feature-set", default="multinary", choices=["multinary", "quaternary"])
    options = parser.parse_args()
    x, y, errors = load(options.file, options.feature_set)
    curves = {
        way: np.array(
            [
                found(search(x, y, way, order, options.first, options.per_round), y, options.top)
                for order in range(options.orders)
            ]
        )
        for way in WAYS
    }
    result = summarise(curves, y, errors, options)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf8")
    draw(options.out.with_suffix(".png"), curves, result)
    for way, numbers in result["ways"].items():
        until = ", ".join(f"{n}: {row['mean']:.1f} +- {row['std']:.1f}" for n, row in numbers["runs_until"].items())
        print(f"{way:>7}: runs until so many of the best {options.top} are found: {until}")


if __name__ == "__main__":
    main()
