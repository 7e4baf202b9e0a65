"""Draw the reports of benchmarks as bars: stock above, ours below it, shorter is faster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aiida_hezsp.potential.benchmarks.contenders import STOCK, STOCK_FORCES
from aiida_hezsp.report.style import COLORS, GREY, settle

BAR = 0.27  # inches a bar and the room around it
MARGIN = 0.38  # inches for a title and the room around a panel


class Panel(NamedTuple):
    """A few bars: their names, lengths and what is written behind them."""

    title: str
    bars: list[tuple[str, str, float, str]]  # contender, name, length, note


def draw(reports: Sequence[Any], path: Path) -> None:
    """Draw all reports into one SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    panels = [panel for report in reports for panel in _PANELS[report.benchmark](report)]
    heights = [len(panel.bars) * BAR + MARGIN for panel in panels]
    with rc_context({"svg.hashsalt": "hezsp", "font.size": 9}):
        figure = Figure(figsize=(7.6, max(1.0, sum(heights))), layout="constrained")
        grid = figure.add_gridspec(max(1, len(panels)), 1, height_ratios=heights or None)
        for number, panel in enumerate(panels):
            _panel(figure.add_subplot(grid[number]), panel)
        settle(figure)
        figure.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def _panel(axes: Any, panel: Panel) -> None:
    """Draw one panel."""
    lengths = [length for _, _, length, _ in panel.bars]
    colors = [_color(contender) for contender, *_ in panel.bars]
    axes.barh(range(len(lengths)), lengths, height=0.72, color=colors)
    for level, (_, _, length, note) in enumerate(panel.bars):
        axes.text(length + 0.008 * max(lengths), level, note, va="center")
    axes.set_yticks(range(len(lengths)), [name for _, name, _, _ in panel.bars])
    axes.set_xlim(0, 1.3 * max(lengths))
    axes.set_xticks([])  # every bar has its number
    axes.set_title(panel.title, loc="left", fontsize=9.5, fontweight="bold")
    axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _color(contender: str) -> str:
    return {STOCK: GREY, STOCK_FORCES: "#d1d5db", "torch": COLORS[5]}.get(contender, COLORS[0])


def _md(report: Any) -> list[Panel]:
    panels = []
    for layout in report.layouts:
        times = {ratio.contender: ratio.wall for ratio in layout.ratios if ratio.over == STOCK}
        bars = [
            (one.contender, one.title, one.wall_ms, _note(f"{one.wall_ms:.0f} ms", times.get(one.contender)))
            for one in layout.timings
        ]
        shape = f"{_count(layout.processes, 'process', 'es')} of {_count(layout.threads, 'thread', 's')}"
        panels.append(Panel(f"MD step, {report.subject.atoms} atoms, {shape}", bars))
    return panels


def _relax(report: Any) -> list[Panel]:
    times = {ratio.contender: ratio.wall for ratio in report.ratios}
    bars = []
    for run in report.runs:
        text = f"{run.wall_s:.1f} s, {run.n_steps} steps"
        bars.append((run.contender, run.title, run.wall_s, _note(text, times.get(run.contender))))
    what = "cell and atoms" if report.relax_cell else "fixed cell"
    title = f"Relaxation, {report.subject.atoms} atoms, {what}, to {report.fmax:g} eV/Å, "
    return [Panel(title + _count(report.threads, "thread", "s"), bars)]


def _finetune(report: Any) -> list[Panel]:
    times = {ratio.contender: ratio.wall for ratio in report.ratios}
    bars = [
        (run.contender, run.title, run.wall_ms, _note(f"{run.wall_ms:.0f} ms", times.get(run.contender)))
        for run in report.runs
    ]
    where = f"{report.subject.atoms} atoms, {_count(report.threads, 'thread', 's')}"
    panels = [Panel(f"Fine-tuning, an image of {where}", bars)]
    if report.memory:
        titles = {run.contender: run.title for run in report.runs}
        peaks = [(row.contender, titles[row.contender], row.peak_mb / 1e3, "") for row in report.memory]
        noted = [(*bar[:3], f"{bar[2]:.1f} GB") for bar in peaks]
        title = f"Fine-tuning, batches of {report.batch_size} images of {report.subject.atoms} atoms: memory"
        panels.append(Panel(title, noted))
    return panels


_PANELS = {"md": _md, "relax": _relax, "finetune": _finetune}


def _note(text: str, ratio: float | None) -> str:
    return text if ratio is None else f"{text}, {ratio:.1f} times faster"


def _count(n: int, one: str, plural: str) -> str:
    return f"{n} {one}{plural if n > 1 else ''}"
