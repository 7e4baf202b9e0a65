"""Tables of the first-principles evidence, from what its scripts write."""

import json
from pathlib import Path

__all__ = ("diffusion_table", "finetuning_table", "unseen_table")

ROOT = Path(__file__).parents[2]


def finetuning_table(name: str) -> str:
    """Return the errors before and after fine-tuning, a row for each kind of test.

    Args:
        name: what `evidence.py` wrote, relative to the repository.
    """
    record = json.loads((ROOT / name).read_text(encoding="utf8"))
    lines = [
        "| tested on | images | quantity | MAE before | MAE after | ratio | RMSE before | RMSE after |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for title, found in record["errors"].items():
        for quantity, unit in record["units"].items():
            before, after = found[f"{quantity} before"], found[f"{quantity} after"]
            cells = [f"{moment[kind]:.3g}" for kind in ("mae", "rmse") for moment in (before, after)]
            cells.insert(2, f"{before['mae'] / after['mae']:.2g}")
            shown = unit.replace("/A", "/Å")
            lines.append(f"| {title} | {found['n_images']} | {quantity} ({shown}) | {' | '.join(cells)} |")
    settings, labels = record["settings"], ", ".join(record["labels"])
    made = (
        f"{record['n_images']} images of {record['n_compositions']} compositions, labels by {labels}; "
        f"{settings['epochs']} epochs, batches of {settings['batch_size']}, learning rate "
        f"{settings['learning_rate']:g}; compositions in {len(record['folds'])} parts."
    )
    return "\n".join([*lines, "", made])


def unseen_table(name: str) -> str:
    """Return the force error of each composition before and after, the least improved one first.

    Args:
        name: what `evidence.py` wrote, relative to the repository.
    """
    record = json.loads((ROOT / name).read_text(encoding="utf8"))["unseen compositions"]
    pairs = {formula: (found["force before"]["mae"], found["force after"]["mae"]) for formula, found in record.items()}
    rows = sorted(pairs.items(), key=lambda row: row[1][0] / row[1][1])
    lines = ["| unseen composition | before | after | ratio |", "|---|---:|---:|---:|"]
    lines += [f"| {formula} | {before:.0f} | {after:.0f} | {before / after:.2g} |" for formula, (before, after) in rows]
    return "\n".join([*lines, "", "Force MAE in meV/Å of eight images each."])


def diffusion_table(name: str) -> str:
    """Return D of both compositions, a row for each run.

    Args:
        name: what `diffusion.py` wrote, relative to the repository.
    """
    record = json.loads((ROOT / name).read_text(encoding="utf8"))
    titles = ("composition, model", "atoms, Li", "V (Å³)", "length (ps)", "D by kinisi (cm²/s)", "D from the slope",
              "the paper implies")  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", f"|---{'|---:' * (len(titles) - 1)}|"]
    for title, run in record["runs"].items():
        cells = [
            title,
            f"{run['atoms']}, {run['ions']}",
            f"{run['volume']:.0f}",
            f"{run['length_ps']:.0f}",
            f"{run['D_kinisi']:.1e} ± {run['D_kinisi_error']:.1e}",
            f"{run['D_slope']:.1e} ± {run['D_slope_error']:.1e}",
            f"{record['implied by the paper'][title.partition(',')[0]]:.1e}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
