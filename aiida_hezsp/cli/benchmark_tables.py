"""Show the reports of benchmarks as tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from aiida_hezsp.cli.terminal import terminal
from aiida_hezsp.potential.benchmarks.contenders import STOCK, STOCK_FORCES, title_of

if TYPE_CHECKING:
    from aiida_hezsp.potential.benchmarks.results import (
        Deviation,
        FinetuneReport,
        Layout,
        MdReport,
        Memory,
        Profile,
        RelaxReport,
    )
    from aiida_hezsp.sfmsd.benchmark import FeatureBenchmark

    AnyReport = FinetuneReport | MdReport | RelaxReport

__all__ = ("print_features", "print_finetune", "print_md", "print_relax")


def print_md(report: "MdReport") -> None:
    """Print the report of `benchmark md`."""
    tables = [_layout(layout) for layout in report.layouts]
    if len(report.layouts) > 1:
        tables.append(
            _table(
                "Best layout of each: what the whole machine does",
                ("layout", "steps/s", "x stock"),
                [
                    (title_of(one.contender), one.layout, f"{one.steps_per_s:.2f}", _times(one.ratio))
                    for one in report.best
                ],
            )
        )
    tables.append(_deviations(report.deviations))
    _show(report, [*tables, *map(_profile, report.profile)])


def print_relax(report: "RelaxReport") -> None:
    """Print the report of `benchmark relax`."""
    cell = "cell and atoms" if report.relax_cell else "atoms, fixed cell"
    times = {ratio.contender: ratio for ratio in report.ratios}
    runs = _table(
        f"Relaxation of {cell} to {report.fmax:g} eV/A, one process of {_count(report.threads, 'thread')}",
        ("wall s", "CPU s", "steps", "ms/step", "x stock", "x per step", "x fewer steps"),
        [
            (
                run.title,
                f"{run.wall_s:.1f}",
                f"{run.cpu_s:.1f}",
                f"{run.n_steps}",
                f"{run.ms_per_step:.1f}",
                *(
                    (_times(one.wall), _times(one.per_step), _times(one.steps))
                    if (one := times.get(run.contender))
                    else ("", "", "")
                ),
            )
            for run in report.runs
        ],
    )
    judged = _table(
        "The relaxed structures, judged by stock in float64",
        ("energy eV/atom", "against stock meV/atom", "fmax eV/A", "force eV/A", "stress GPa", "volume A^3"),
        [
            (
                run.title,
                f"{run.energy_per_atom:.5f}",
                f"{times[run.contender].energy_difference:+.3f}" if run.contender in times else "",
                f"{run.fmax:.4f}",
                f"{run.force_max:.4f}",
                f"{run.stress_max:.3f}",
                f"{run.volume:.1f}",
            )
            for run in report.runs
        ],
    )
    _show(report, [runs, judged])


def print_finetune(report: "FinetuneReport") -> None:
    """Print the report of `benchmark finetune`."""
    times = {ratio.contender: ratio for ratio in report.ratios}
    runs = _table(
        f"Fine-tuning, batches of {report.batch_size}, one process of {_count(report.threads, 'thread')}",
        ("images/s", "ms/image", "CPU ms/image", "x stock", "CPU x stock", "losses by epoch", "difference"),
        [
            (
                run.title,
                f"{run.images_per_s:.2f}",
                f"{run.wall_ms:.0f}",
                f"{run.cpu_ms:.0f}",
                *((_times(one.wall), _times(one.cpu)) if (one := times.get(run.contender)) else ("", "")),
                " ".join(f"{loss:.4f}" for loss in run.losses[:4]),
                f"{one.loss_difference:.1e}" if one else "",
            )
            for run in report.runs
        ],
    )
    _show(report, [runs])


def _layout(layout: "Layout") -> Table:
    """Return the table of one layout."""
    ratios = {(ratio.contender, ratio.over): ratio for ratio in layout.ratios}
    rows = []
    for timing in layout.timings:
        over = [ratios.get((timing.contender, stock)) for stock in (STOCK, STOCK_FORCES)]
        rows.append(
            (
                timing.title,
                f"{timing.wall_ms:.1f}",
                f"{timing.wall_ms_best:.1f} to {timing.wall_ms_worst:.1f}",
                f"{timing.cpu_ms:.1f}",
                f"{timing.steps_per_s:.2f}",
                *(_times(ratio and ratio.wall) for ratio in over),
                _times(over[0] and over[0].cpu),
            )
        )
    title = f"MD step, {_count(layout.processes, 'process', 'processes')} of {_count(layout.threads, 'thread')}"
    columns = ("ms/step", "blocks", "CPU ms", "steps/s", "x stock", "x forces only", "CPU x stock")
    return _table(title, columns, rows)


def _deviations(rows: "Sequence[Deviation]") -> Table:
    """Return the table of deviations."""
    return _table(
        f"Deviations over {rows[0].frames} frames",
        ("from", "largest force eV/A", "mean force eV/A", "energy eV/atom"),
        [
            (
                title_of(row.contender),
                "stock in float64" if row.reference == "float64" else title_of(row.reference),
                f"{row.force_max:.1e}",
                f"{row.force_mae:.1e}",
                f"{row.energy_per_atom:.1e}",
            )
            for row in rows
        ],
    )


def _profile(profile: "Profile") -> Table:
    """Return the table of stages."""
    rows = [(stage, f"{ms:.2f}", f"{100 * ms / profile.step_ms:.0f} %") for stage, ms in profile.stages_ms.items()] + [
        ("a step", f"{profile.step_ms:.2f}", "100 %")
    ]
    title = f"Where a step of {title_of(profile.contender)} goes, {_count(profile.threads, 'thread')}"
    table = _table(title, ("ms", "share"), rows)
    note = f"of it arithmetic, at the {profile.gemm_gflops:.0f} GFLOP/s of a large matrix product"
    table.add_row(note, f"{profile.floor_ms:.2f}", f"{100 * profile.floor_ms / profile.step_ms:.0f} %")
    return table


def print_features(report: "FeatureBenchmark") -> None:
    """Print the report of `benchmark features`."""
    console = terminal()
    sites = ", ".join(report.polyhedra)
    rows = [
        (f"all features of the set {report.feature_set}", f"{1e3 * report.features_s:.1f}", ""),
        (f"CSM of {report.n_polyhedra} sites ({sites})", f"{1e3 * report.csm_s:.1f}", ""),
        ("the same by chemenv", f"{1e3 * report.chemenv_s:.0f}", f"{report.ratio:.0f}"),
    ]
    console.print(_table(f"{report.formula}, {report.n_atoms} atoms", ("ms", "x ours"), rows))
    console.print(f"largest difference of the CSM values: {report.csm_deviation:.1g} (of 0 to 100)")
    console.print(f"{report.machine.cpu}, one thread, the best of {report.rounds}; chemenv once")
    console.print(", ".join(f"{name} {version}" for name, version in report.versions.items()), highlight=False)


def _memory(rows: "Sequence[Memory]") -> Table:
    """Return the table of peaks."""
    stock = next(row.peak_mb for row in rows if row.contender == STOCK)
    return _table(
        "Memory of a process",
        ("at its start MB", "peak MB", "of stock's"),
        [
            (
                "aiida-hezsp" if row.contender == "finetune" else title_of(row.contender),
                f"{row.start_mb:.0f}",
                f"{row.peak_mb:.0f}",
                f"{row.peak_mb / stock:.2f}",
            )
            for row in rows
        ],
    )


def _show(report: "AnyReport", tables: Sequence[Table]) -> None:
    """Print tables between what was run and where."""
    console, machine, others = terminal(), report.machine, report.disturbance.other_cores
    subject = report.subject
    console.print(f"{subject.formula}, {subject.atoms} atoms, CHGNet {escape(subject.model)}, seed {subject.seed}")
    for table in (*tables, *([_memory(report.memory)] if report.memory else [])):
        console.print(table)
    for backend, reason in report.skipped.items():
        console.print(f"left out: {backend}: {escape(reason)}")
    console.print(
        f"{machine.cpu} ({machine.cpu_id}), {machine.cores} cores, {' '.join(machine.isa)}; "
        f"load average before the start {machine.load_average[0]:.2f}"
        + ("" if others is None else f"; {others:.2f} cores in use by others during the benchmark")
    )
    console.print(", ".join(f"{name} {version}" for name, version in report.versions.items()), highlight=False)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose first column is text and the others numbers."""
    table = Table(title=title, box=SIMPLE, title_justify="left", min_width=len(title))
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _times(ratio: float | None) -> str:
    """Return a ratio as it is read."""
    return "" if ratio is None else f"{ratio:.2f}"


def _count(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things."""
    return f"{n} {one if n == 1 else many or one + 's'}"
