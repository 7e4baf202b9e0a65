"""Print the record of a prediction, and lists of predictions to choose from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiida_hezsp.cli.terminal import terminal

if TYPE_CHECKING:
    from aiida import orm

__all__ = ("print_matches", "print_record")

FAR = 1.5
"""Distance from the training rows above which a reader is warned; 95 % of those stay below 1."""

_STEPS = {
    "DFT calculations": ("relaxation_dft", "md_dft"),
    "fine-tunings": ("first_finetune", "second_finetune"),
    "MD runs": ("transition_md", "md_runs"),
    "relaxations": ("transition_relaxations", "training_relaxations", "relaxation"),
    "steps of SF-MSD training": ("sfmsd_training", "training_features"),
}


def print_record(record: dict[str, Any]) -> None:
    """Print a record of `provenance.record.prediction_record` as tables."""
    console = terminal()
    console.print(_summary(record))
    console.print(_features(record["features"]))
    console.print(record["labels"]["verdict"], style="bold yellow" if record["labels"]["standin"] else "bold")
    console.print(f"`aiida-hezsp trace {record['pk']}` shows the steps, `--cif FILE` writes the structure", style="dim")


def print_matches(nodes: "Sequence[orm.Dict]") -> None:
    """Print the predictions of one composition: which model made them, of which configuration."""
    from rich import box
    from rich.table import Table

    from aiida_hezsp.provenance.predictions import model_of, rounded
    from aiida_hezsp.provenance.record import configuration_of

    table = Table(title=nodes[0]["formula"], box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("pk", "uuid", "MSD A^2", "volume A^3", "model", "seed", "made"):
        table.add_column(name, justify="right")
    for node in nodes:
        model, seed = model_of(node), configuration_of(node)["seed"]
        cells = [str(node.pk), node.uuid[:8], rounded(node["msd"]), f"{node['volume']:.1f}"]
        cells += [f"{node['model_kind']}<{model.pk}>", "-" if seed is None else str(seed)]
        table.add_row(*cells, node.ctime.isoformat(sep=" ", timespec="minutes")[:16])
    terminal().print(table)


def _summary(record: dict[str, Any]) -> Any:
    from rich import box
    from rich.table import Table

    known, structure, model = record["composition"], record["structure"], record["model"]
    table = Table(title=known["formula"], show_header=False, box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_row("predicted MSD", _msd_text(record["msd"]), style="bold")
    table.add_row("", _place_text(record["msd"]))
    if record["decorations"]["n"] > 1:
        table.add_row("decorations", _spread_text(record["decorations"]))
    fractions = " ".join(f"{element} {part:.4g}" for element, part in known["site_fractions"].items())
    table.add_row("site fractions", fractions or " ".join(known["elements"]))
    table.add_row("x(Li)", f"{known['x_li']:g}")
    table.add_row("S_config", f"{known['s_config']:.3f} R ({known['entropy_class']} entropy)")
    table.add_row("type, family", f"{known['type'] or 'none of the table'}, {known['family']}")
    cell = structure["cell"]
    edges = " ".join(f"{cell[name]:.3f}" for name in "abc")
    angles = " ".join(f"{cell[name]:.2f}" for name in ("alpha", "beta", "gamma"))
    table.add_row(
        "relaxed cell", f"{edges} A, {angles} deg, {structure['volume']:.1f} A^3, {structure['n_atoms']} atoms"
    )
    table.add_row("structure", f"pk {structure['pk']}, uuid {structure['uuid']}")
    if (seed := record["configuration"]["seed"]) is not None:
        table.add_row("configuration", f"pk {record['configuration']['pk']}, seed {seed}")
    table.add_row("model", _model_text(model))
    table.add_row("rests on", _steps_text(record["trace"]))
    table.add_row("prediction", f"pk {record['pk']}, uuid {record['uuid']}, {record['created']}")
    return table


def _msd_text(msd: dict[str, Any]) -> str:
    from aiida_hezsp.provenance.predictions import rounded

    text = f"{rounded(msd['value'])} A^2"
    if msd["low"] is None or msd["high"] is None:
        return text
    return f"{text}, {100 * msd['coverage']:.0f} % interval {rounded(msd['low'])} to {rounded(msd['high'])}"


def _place_text(msd: dict[str, Any]) -> str:
    place = f"{msd['region']} region; percentile {msd['percentile']:.1f}, place {msd['place']} of the "
    text = f"{place}{msd['n_predictions']} predictions of this model"
    if msd["outside_domain"]:
        text += f"; OUTSIDE the training range in {', '.join(msd['outside_domain'])}"
    if msd["unseen_elements"]:
        text += f"; no training composition has {', '.join(msd['unseen_elements'])}"
    if (msd["distance"] or 0.0) > FAR:
        text += f"; UNLIKE the training compositions (distance {msd['distance']:.1f}; 95 % of them stay below 1)"
    if not msd["defined"]:
        text += "; the model has NO VALUE here, the mean of its training targets stands in"
    return text


def _spread_text(spread: dict[str, Any]) -> str:
    pks = " ".join(map(str, spread["pks"]))
    return f"{spread['n']} of this composition: MSD {spread['msd_mean']:.1f} +- {spread['msd_std']:.1f} A^2 (pk {pks})"


def _model_text(model: dict[str, Any]) -> str:
    test = (model["metrics"] or {}).get("test")
    error = f", test RMSE {test['rmse']:.1f} A^2 of {test['n']}" if test else ""
    return f"{model['kind']}<{model['pk']}>, trained on {model['n_training']}{error}, labels by {_engines(model)}"


def _steps_text(stages: list[dict[str, Any]]) -> str:
    counts = {stage["key"]: stage["count"] for stage in stages}
    totals = {name: sum(counts.get(key, 0) for key in keys) for name, keys in _STEPS.items()}
    return ", ".join(f"{total} {name}" for name, total in totals.items() if total)


def _engines(model: dict[str, Any]) -> str:
    return ", ".join(model["label_engines"] or ()) or "none"


def _features(features: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title="Features", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, justify in (("name", "left"), ("value", "right"), ("unit", "left"), ("SHAP A^2", "right")):
        table.add_column(name, justify=justify, no_wrap=True)
    table.add_column("definition", overflow="fold")
    for row in features:
        shap = "-" if row["shap"] is None else f"{row['shap']:+.1f}"
        cells = [row["name"], f"{row['value']:.4g}", row["unit"] or "-", shap, row["definition"] or "-"]
        table.add_row(*cells, style="yellow" if row["outside_domain"] else None)
    return table
