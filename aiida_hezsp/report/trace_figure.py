"""A trace as a figure: one lane a model, stages as boxes with counts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiida_hezsp.provenance.predictions import rounded
from aiida_hezsp.provenance.trace import Stage, Trace
from aiida_hezsp.report.style import COLORS, GREY, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("trace_figure", "write_trace_figure")

_PRETRAINED, _RELAXATION, _MD, _SFMSD = range(4)  # the models that lanes make and boxes use
_MODEL_NAMES = ("pretrained CHGNet", "relaxation model", "MD model", "SF-MSD model")
_MODEL_COLORS = (GREY, COLORS[0], COLORS[1], COLORS[2])
_WIDTH, _HEIGHT = 1.72, 1.12  # of a box, inches
_STEP, _LANE = 2.02, 1.86  # from box to box, from lane to lane
_INK, _PALE = "#1f2937", "#f8fafc"


@dataclass(frozen=True)
class _Box:
    """A stage in its lane; `uses` is the model at work in it; `beside`: it does not follow from the last box."""

    key: str
    title: str
    unit: str
    uses: int | None = None
    beside: bool = False


_LANES: tuple[tuple[str, int | None, tuple[_Box, ...]], ...] = (
    (
        "Relaxation model",
        _RELAXATION,
        (
            _Box("relaxation_dft", "DFT relaxations", "calculation"),
            _Box("relaxation_dataset", "Relaxation dataset", "step"),
            _Box("first_finetune", "First fine-tuning", "job", _PRETRAINED),
        ),
    ),
    (
        "MD model",
        _MD,
        (
            _Box("transition_relaxations", "Relaxations", "job", _RELAXATION),
            _Box("transition_md", "MD", "run", _RELAXATION),
            _Box("transition_selection", "Transition images", "selection"),
            _Box("md_dft", "DFT single points", "calculation"),
            _Box("md_dataset", "MD dataset", "step"),
            _Box("second_finetune", "Second fine-tuning", "job", _RELAXATION),
        ),
    ),
    (
        "SF-MSD model",
        _SFMSD,
        (
            _Box("training_relaxations", "Training structures", "relaxation job", _RELAXATION),
            _Box("training_features", "Features", "step"),
            _Box("md_runs", "MD targets", "MD job", _MD, beside=True),
            _Box("sfmsd_training", "SF-MSD training", "step"),
        ),
    ),
    (
        "Prediction",
        None,
        (
            _Box("relaxation", "Relaxation", "job", _RELAXATION),
            _Box("features", "Features", "step"),
            _Box("prediction", "Prediction", "step", _SFMSD),
        ),
    ),
)


def write_trace_figure(trace: Trace, path: Path) -> None:
    """Draw a trace into a file; its suffix says which format.

    Raises:
        OSError: the file cannot be written.
    """
    figure = trace_figure(trace)
    with styled():
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def trace_figure(trace: Trace) -> "Figure":
    """Draw the stages of a trace from the DFT calculations (top left) to the prediction (bottom right)."""
    lanes = [(title, makes, boxes) for title, makes, boxes in _LANES if any(trace[box.key].count for box in boxes)]
    n_columns = max(len(boxes) for _, _, boxes in lanes) + 1
    width, height = 0.3 + n_columns * _STEP, 1.15 + len(lanes) * _LANE
    with styled():
        figure = new_figure(width, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.axis("off")
        axes.text(0.2, height - 0.34, _headline(trace), fontsize=12, fontweight="bold", color=_INK, va="center")
        axes.text(0.2, height - 0.66, trace.verdict, fontsize=9, color="#92400e" if trace.has_standin_labels else _INK)
        for number, (title, makes, boxes) in enumerate(lanes):
            _draw_lane(axes, trace, height - 1.0 - number * _LANE, width, title, makes, boxes)
    return figure


def _headline(trace: Trace) -> str:
    known = trace.prediction
    text = f"{known['formula']}: predicted MSD {rounded(known['msd'])} Å²"
    if known["msd_low"] is None or known["msd_high"] is None:
        return text
    return f"{text} ({rounded(known['msd_low'])} to {rounded(known['msd_high'])})"


def _draw_lane(
    axes: "Axes", trace: Trace, top: float, width: float, title: str, makes: int | None, boxes: Iterable[_Box]
) -> None:
    """Draw one lane: its name, its boxes with arrows between them, and the model that comes out."""
    from matplotlib.patches import Rectangle

    color = _INK if makes is None else _MODEL_COLORS[makes]
    axes.add_patch(Rectangle((0.1, top - _LANE + 0.12), width - 0.2, _LANE - 0.12, fc=_PALE, ec="none"))
    axes.text(0.2, top - 0.17, title, fontsize=10, fontweight="bold", color=color, va="center")
    x, middle, drawn = 0.2, top - 0.36 - _HEIGHT / 2, False
    for box in boxes:
        if not trace[box.key].count:
            continue
        if drawn and box.beside:
            axes.text(x - (_STEP - _WIDTH) / 2, middle, "+", fontsize=14, color="#6b7280", ha="center", va="center")
        elif drawn:
            _arrow(axes, x - (_STEP - _WIDTH), x, middle)
        _draw_box(axes, box, trace, x, middle)
        x, drawn = x + _STEP, True
    if makes is not None and drawn:
        _arrow(axes, x - (_STEP - _WIDTH), x, middle)
        _chip(axes, x, middle, _WIDTH, _MODEL_NAMES[makes], makes, size=9.5, height=0.42)


def _draw_box(axes: "Axes", box: _Box, trace: Trace, x: float, middle: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.08"
    bottom = middle - _HEIGHT / 2
    axes.add_patch(FancyBboxPatch((x, bottom), _WIDTH, _HEIGHT, boxstyle=style, fc="white", ec="#9ca3af", lw=1.0))
    axes.text(x + 0.1, bottom + _HEIGHT - 0.17, box.title, fontsize=9, fontweight="bold", color=_INK, va="center")
    for line, text in enumerate(_lines(box, trace[box.key])):
        axes.text(x + 0.1, bottom + _HEIGHT - 0.39 - 0.185 * line, text, fontsize=8, color="#374151", va="center")
    if box.uses is not None:
        model = _model_there_is(trace, box.uses)
        _chip(axes, x + 0.08, bottom + 0.15, _WIDTH - 0.16, f"by the {_MODEL_NAMES[model]}", model)


def _model_there_is(trace: Trace, model: int) -> int:
    """Return the model itself, or the one it was never fine-tuned from."""
    if model == _MD and not trace["second_finetune"].count:
        model = _RELAXATION
    return _PRETRAINED if model == _RELAXATION and not trace["first_finetune"].count else model


def _chip(
    axes: "Axes",
    x: float,
    middle: float,
    width: float,
    text: str,
    model: int,
    *,
    size: float = 7.0,
    height: float = 0.2,
) -> None:
    """Draw a coloured label of a model."""
    from matplotlib.patches import FancyBboxPatch

    style = f"round,pad=0,rounding_size={height / 2}"
    color = _MODEL_COLORS[model]
    axes.add_patch(FancyBboxPatch((x, middle - height / 2), width, height, boxstyle=style, fc=color, ec="none"))
    axes.text(x + width / 2, middle, text, fontsize=size, color="white", ha="center", va="center", fontweight="bold")


def _arrow(axes: "Axes", start: float, end: float, height: float) -> None:
    arrow = {"arrowstyle": "-|>", "color": "#6b7280", "lw": 1.2, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", xy=(end, height), xytext=(start, height), arrowprops=arrow)


def _lines(box: _Box, stage: Stage) -> list[str]:
    """Return what a box says: counts, and what made the labels."""
    lines = [_counted(len(stage.processes) or stage.count, box.unit)]
    datasets = [item.facts for item in stage.data if item.kind == "ImageData"]
    if datasets:
        n_images, n_groups = (
            sum(facts["n_images"] for facts in datasets),
            len({g for f in datasets for g in f["groups"]}),
        )
        lines = [_counted(n_images, "image"), _counted(n_groups, "composition")]
    engines = Counter(process.engine for process in stage.processes if process.labels_used)
    if engines:
        lines.append(f"labels of {sum(engines.values())} used:")
        lines += [str(engine) for engine in sorted(map(str, engines))][:1]
    kinds = sorted({item.facts["kind"] for item in stage.data if item.kind == "SfmsdModelData"})
    if box.key == "sfmsd_training" and kinds:
        lines.append(f"model {', '.join(kinds)}")
    failed = sum(1 for process in stage.processes if process.exit_status)
    return [*lines, f"{failed} not finished well"][:4] if failed else lines


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}" + ("" if number == 1 else "s")
