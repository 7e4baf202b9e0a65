"""Fill the page of the benchmarks from the reports in `docs/benchmarks/`: whatever is replaced there is shown.

Markers, on lines of their own:

    <!-- benchmark md -->       tables of every report of that kind
    <!-- benchmark-figure -->   bars of all reports, drawn when the site is built
    <!-- benchmark-fields md -->   the fields of such a report, from its model
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark_figure import draw
from pydantic import BaseModel
from sphinx.application import Sphinx

from aiida_hezsp.potential.benchmarks.contenders import STOCK, STOCK_FORCES, title_of
from aiida_hezsp.potential.benchmarks.results import FinetuneReport, MdReport, RelaxReport

REPORTS = Path(__file__).parents[1] / "benchmarks"
FIGURE = "_generated/benchmarks.svg"
MODELS: dict[str, type[BaseModel]] = {"md": MdReport, "relax": RelaxReport, "finetune": FinetuneReport}
_MARKER = re.compile(r"^<!-- benchmark(-figure|-fields)? ?(\w*) -->$", re.MULTILINE)


def reports(kind: str) -> list[Any]:
    """Return the stored reports of a kind; one that does not fit the present fields is an error of the build."""
    found = [path.read_text(encoding="utf8") for path in sorted(REPORTS.glob(f"{kind}*.json"))]
    return [MODELS[kind].model_validate_json(text) for text in found]


def tables(kind: str) -> str:
    """Return the tables of all reports of a kind."""
    return "\n\n".join("\n\n".join(_MAKERS[kind](report)) for report in reports(kind))


def _md(report: MdReport) -> Iterator[str]:
    yield _heading(report)
    for layout in report.layouts:
        ratios = {(ratio.contender, ratio.over): ratio for ratio in layout.ratios}
        rows = []
        for timing in layout.timings:
            stock, forces = (ratios.get((timing.contender, over)) for over in (STOCK, STOCK_FORCES))
            numbers = (f"{timing.wall_ms:.1f}", f"{timing.cpu_ms:.1f}", f"{timing.steps_per_s:.2f}")
            times = (stock and stock.wall, stock and stock.cpu, forces and forces.wall)
            rows.append((timing.title, *numbers, *map(_times, times)))
        shape = f"{layout.processes} x {layout.threads}"
        columns = ("ms/step", "CPU ms/step", "steps/s", "x stock", "x stock, CPU", "x forces only")
        yield _table(f"processes x threads: {shape}", columns, rows)
    columns = ("from", "largest force", "mean force (eV/A)", "energy (eV/atom)")
    yield _table(
        "deviation of",
        columns,
        [
            (
                title_of(row.contender),
                "float64" if row.reference == "float64" else title_of(row.reference),
                *(f"{value:.1e}" for value in (row.force_max, row.force_mae, row.energy_per_atom)),
            )
            for row in report.deviations
        ],
    )
    for profile in report.profile:
        share = [(stage, f"{ms:.2f}", f"{100 * ms / profile.step_ms:.0f} %") for stage, ms in profile.stages_ms.items()]
        share.append(
            (f"arithmetic alone at {profile.gemm_gflops:.0f} GFLOP/s (of the above)", f"{profile.floor_ms:.2f}", "")
        )
        threads = f"{profile.threads} thread{'s' if profile.threads > 1 else ''}"
        yield _table(f"a step of {title_of(profile.contender)}, {threads}", ("ms", "share"), share)
    yield _memory(report)


def _relax(report: RelaxReport) -> Iterator[str]:
    yield _heading(report)
    times = {ratio.contender: ratio for ratio in report.ratios}
    rows = []
    for run in report.runs:
        ratio = times.get(run.contender)
        numbers = (f"{run.wall_s:.1f}", f"{run.cpu_s:.1f}", str(run.n_steps), f"{run.ms_per_step:.1f}")
        over = map(_times, (ratio and ratio.wall, ratio and ratio.cpu))
        difference = f"{ratio.energy_difference:+.3f}" if ratio else ""
        rows.append((run.title, *numbers, *over, difference, f"{run.fmax:.3f}"))
    cell = "cell and atoms" if report.relax_cell else "atoms"
    columns = ("wall s", "CPU s", "steps", "ms/step", "x stock", "x stock, CPU", "meV/atom from stock", "judged fmax")
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    yield _table(f"{cell}, to {report.fmax:g} eV/A, {threads}", columns, rows)
    yield _memory(report)


def _finetune(report: FinetuneReport) -> Iterator[str]:
    yield _heading(report)
    times = {ratio.contender: ratio for ratio in report.ratios}
    rows = []
    for run in report.runs:
        ratio = times.get(run.contender)
        numbers = (f"{run.images_per_s:.2f}", f"{run.wall_ms:.0f}", f"{run.cpu_ms:.0f}")
        over = map(_times, (ratio and ratio.wall, ratio and ratio.cpu))
        rows.append((run.title, *numbers, *over, f"{ratio.loss_difference:.0e}" if ratio else ""))
    columns = ("images/s", "ms/image", "CPU ms/image", "x stock", "x stock, CPU", "loss, relative difference")
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    yield _table(f"batches of {report.batch_size}, {threads}", columns, rows)
    yield _memory(report)


_MAKERS = {"md": _md, "relax": _relax, "finetune": _finetune}


def _heading(report: Any) -> str:
    """Return the lines that say what was run, where and when."""
    machine, others, subject = report.machine, report.disturbance.other_cores, report.subject
    versions = ", ".join(f"{name} {report.versions[name]}" for name in ("torch", "chgnet", "ase", "numpy", "python"))
    busy = "" if others is None else f", {others:.2f} cores in use by other work during it"
    load = f"load average {machine.load_average[0]:.2f} before the start"
    where = f"{machine.cpu} ({machine.cpu_id}), {machine.cores} cores, {', '.join(machine.isa)}; {load}{busy}"
    what = f"{subject.formula}, {subject.atoms} atoms, CHGNet {subject.model}"
    return f"### `{report.command}`\n\n{what}. {where}. {report.created[:10]}; {versions}."


def _memory(report: Any) -> str:
    """Return the table of peaks; nothing where they were not measured."""
    if not report.memory:
        return ""
    stock = next(row.peak_mb for row in report.memory if row.contender == STOCK)
    rows = [
        (
            "aiida-hezsp" if row.contender == "finetune" else title_of(row.contender),
            f"{row.start_mb:.0f}",
            f"{row.peak_mb:.0f}",
            f"{row.peak_mb / stock:.2f}",
        )
        for row in report.memory
    ]
    return _table("memory of a process", ("at its start, MB", "peak, MB", "of stock's"), rows)


def fields(kind: str) -> str:
    """Return a table of the fields of a report and of its parts."""
    rows = [(f"`{path}`", (field.description or "").replace("|", "\\|")) for path, field in _fields(MODELS[kind], "")]
    return _table("field", ("what",), rows, align=":---")


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the path of every field; parts that are lists end in `[]`."""
    for name, field in model.model_fields.items():
        inner = [kind for kind in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_model(kind)]
        if inner:
            listed = "[]" if getattr(field.annotation, "__origin__", None) is list else ""
            yield from _fields(inner[0], f"{prefix}{name}{listed}.")
        else:
            yield f"{prefix}{name}", field


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and not hasattr(kind, "__origin__") and issubclass(kind, BaseModel)


def _table(first: str, columns: Sequence[str], rows: Sequence[Sequence[str]], align: str = "---:") -> str:
    """Return a Markdown table; its first column is text."""
    lines = [(first, *columns), (":---", *[align] * len(columns)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"**{ratio:.1f}**"


def _figure(app: Sphinx, docname: str) -> str:
    """Draw the figure and return the image, from the page's folder."""
    path = Path(app.srcdir) / FIGURE
    path.parent.mkdir(exist_ok=True)
    draw([report for kind in MODELS for report in reports(kind)], path)
    up = "../" * docname.count("/")
    return f"```{{image}} {up}{FIGURE}\n:alt: Times of stock chgnet and of aiida-hezsp as bars\n:width: 100%\n```"


def _fill(app: Sphinx, docname: str, source: list[str]) -> None:
    def made(match: re.Match[str]) -> str:
        if match[1] == "-figure":
            return _figure(app, docname)
        return fields(match[2]) if match[1] == "-fields" else tables(match[2])

    source[0] = _MARKER.sub(made, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}
