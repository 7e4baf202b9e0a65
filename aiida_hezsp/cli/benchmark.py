"""`aiida-hezsp benchmark`: how fast this package is on this machine, beside stock chgnet."""

import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from aiida_hezsp.cli.output import check_output
from aiida_hezsp.potential.benchmarks.contenders import BACKENDS
from aiida_hezsp.potential.benchmarks.results import LayoutName
from aiida_hezsp.potential.benchmarks.subject import CELLS, FORMULA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from aiida_hezsp.potential.benchmarks.circumstances import Report

__all__ = ("cmd_benchmark",)

POSITIVE = click.IntRange(min=1)


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return one decorator for several, in the order of the help text."""
    return lambda function: reduce(lambda wrapped, decorator: decorator(wrapped), reversed(decorators), function)


def _subject_options(atoms: int) -> Callable[[Any], Any]:
    """Return the options of the structure; `atoms` is the default."""
    sizes = click.Choice([str(size) for size in sorted(CELLS, reverse=True)])
    return _options(
        click.option("--atoms", type=sizes, default=str(atoms), show_default=True, help="Cell of the LZSP family."),
        click.option("--formula", default=FORMULA, show_default=True, help="Composition of the LZSP family."),
        click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of all that is drawn."),
        click.option("--model", default="0.3.0", show_default=True, help="Bundled name or model file."),
        click.option("--threads", type=POSITIVE, help="Threads of a process; all cores if not given."),
    )


_BACKENDS = click.option(
    "--backend",
    "backends",
    type=click.Choice(BACKENDS),
    multiple=True,
    help="Backend that competes with stock; may be repeated. All that are installed if not given.",
)
_OUTPUT = _options(
    click.option(
        "--memory/--no-memory", default=True, show_default=True, help="Measure peak memory, in new processes."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables."),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="Write the JSON document to this file, too.",
    ),
)


@click.group("benchmark")
def cmd_benchmark() -> None:
    """Run stock chgnet and this package in turn on the same structure, and compare.

    Times are those of this machine, now: run it while nothing else does.

    \b
    Examples:
      aiida-hezsp benchmark md
      aiida-hezsp benchmark relax --atoms 40 --json
      aiida-hezsp benchmark finetune --batch-size 8
      aiida-hezsp benchmark features
    """


@cmd_benchmark.command("md")
@_subject_options(atoms=160)
@_BACKENDS
@click.option(
    "--layout",
    "layouts",
    type=click.Choice(get_args(LayoutName)),
    multiple=True,
    help="One process with all threads, one process a core, or one thread; may be repeated. All three if not given.",
)
@click.option(
    "--temperature", type=click.FloatRange(min=0, min_open=True), default=1000.0, show_default=True, help="K."
)
@click.option("--steps", type=POSITIVE, default=10, show_default=True, help="Timed steps of a block.")
@click.option("--rounds", type=POSITIVE, default=3, show_default=True, help="Blocks of each contender, in turn.")
@click.option("--profile", is_flag=True, help="Also find where the time of a step goes.")
@_OUTPUT
@click.pass_context
def cmd_md(ctx: click.Context, as_json: bool, output: Path | None, **options: Any) -> None:
    """Molecular dynamics: time of a step, in up to three layouts of threads and processes.

    \b
    Example:
      aiida-hezsp benchmark md --threads 2 --layout threads --profile
    """
    from aiida_hezsp.cli.benchmark_tables import print_md
    from aiida_hezsp.potential.benchmarks import MdBenchmark, benchmark_md

    options["block_steps"], options["layouts"] = options.pop("steps"), options["layouts"] or get_args(LayoutName)
    _run(ctx, benchmark_md, _wanted(MdBenchmark, options), print_md, as_json=as_json, output=output)


@cmd_benchmark.command("relax")
@_subject_options(atoms=160)
@_BACKENDS
@click.option("--fmax", type=click.FloatRange(min=0, min_open=True), default=0.05, show_default=True, help="eV/A.")
@click.option("--steps", type=POSITIVE, default=500, show_default=True, help="At most so many steps.")
@click.option("--relax-cell/--fixed-cell", default=True, show_default=True, help="Whether the cell moves, too.")
@click.option("--rounds", type=POSITIVE, default=1, show_default=True, help="Relaxations of each contender, in turn.")
@_OUTPUT
@click.pass_context
def cmd_relax(ctx: click.Context, as_json: bool, output: Path | None, **options: Any) -> None:
    """Relaxation to one threshold: time, steps, and what a float64 judge says of the result.

    \b
    Example:
      aiida-hezsp benchmark relax --fmax 0.02 --output relax.json
    """
    from aiida_hezsp.cli.benchmark_tables import print_relax
    from aiida_hezsp.potential.benchmarks import RelaxBenchmark, benchmark_relax

    options["max_steps"] = options.pop("steps")
    _run(ctx, benchmark_relax, _wanted(RelaxBenchmark, options), print_relax, as_json=as_json, output=output)


@cmd_benchmark.command("finetune")
@_subject_options(atoms=40)
@click.option("--images", type=POSITIVE, default=30, show_default=True, help="Training images of an epoch.")
@click.option("--batch-size", type=POSITIVE, default=10, show_default=True, help="Images of an update.")
@click.option("--epochs", type=POSITIVE, default=2, show_default=True, help="Epochs of each fine-tuning.")
@click.option("--rounds", type=POSITIVE, default=1, show_default=True, help="Fine-tunings of each contender, in turn.")
@_OUTPUT
@click.pass_context
def cmd_finetune(ctx: click.Context, as_json: bool, output: Path | None, **options: Any) -> None:
    """Fine-tuning: images per second, peak memory and losses, on the same images in the same order.

    Stock needs half a gigabyte for every image of 40 atoms in a batch.

    \b
    Example:
      aiida-hezsp benchmark finetune --images 24 --batch-size 8 --epochs 1
    """
    from aiida_hezsp.cli.benchmark_tables import print_finetune
    from aiida_hezsp.potential.benchmarks import FinetuneBenchmark, benchmark_finetune

    _run(ctx, benchmark_finetune, _wanted(FinetuneBenchmark, options), print_finetune, as_json=as_json, output=output)


@cmd_benchmark.command("features")
@click.option("--atoms", type=click.Choice(["160", "40"]), default="160", show_default=True, help="Cell of LZSP.")
@click.option("--formula", default="Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12", show_default=True, help="Composition of LZSP.")
@click.option("--feature-set", default="multinary", show_default=True, help="Of the family.")
@click.option("--rounds", type=POSITIVE, default=5, show_default=True, help="Of which the fastest counts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def cmd_features(atoms: str, formula: str, feature_set: str, rounds: int, as_json: bool) -> None:
    """Structural features of one relaxed cell: time on one thread, and that of chemenv for the same polyhedra.

    \b
    Example:
      aiida-hezsp benchmark features --feature-set quaternary
    """
    from aiida_hezsp.chemistry import parse_formula
    from aiida_hezsp.cli.benchmark_tables import print_features
    from aiida_hezsp.families import load_family
    from aiida_hezsp.sfmsd.benchmark import benchmark_features, relaxed_cell

    family = load_family("lzsp")
    composition = parse_formula(family, formula)
    structure = relaxed_cell(family, composition, CELLS[int(atoms)])
    result = benchmark_features(structure, composition, family, feature_set=feature_set, rounds=rounds)
    if as_json:
        click.echo(result.model_dump_json(indent=1))
    else:
        print_features(result)


def _wanted(kind: Callable[..., Any], options: dict[str, Any]) -> Any:
    """Return what to run."""
    return kind(**options | {"atoms": int(options["atoms"])})


def _run(
    ctx: click.Context,
    benchmark: Callable[..., "BaseModel"],
    wanted: Any,
    show: Callable[[Any], None],
    *,
    as_json: bool,
    output: Path | None,
) -> None:
    """Run a benchmark, write and show its report."""
    from aiida_hezsp.engine.process import prepare_process
    from aiida_hezsp.engine.versions import versions
    from aiida_hezsp.potential.benchmarks.circumstances import Circumstances

    if output is not None:
        check_output(output)  # a benchmark takes minutes

    def warn(line: str) -> None:
        click.secho(f"Warning: {line}", err=True, fg="yellow")

    with _progress() as report:
        circumstances = Circumstances(_command(ctx), versions(), prepare_process, report, warn)
        result = benchmark(wanted, circumstances)
    document = json.dumps(result.model_dump(), indent=1)
    if output is not None:
        output.write_text(document + "\n", encoding="utf8")
    if as_json:
        click.echo(document)
    else:
        show(result)


def _command(ctx: click.Context) -> str:
    """Return the command with the options given, so that a reader can repeat it."""
    words = ["aiida-hezsp", *ctx.command_path.split()[1:]]
    for parameter in ctx.command.params:
        name, value = parameter.name or "", ctx.params.get(parameter.name or "")
        if ctx.get_parameter_source(name) != ParameterSource.COMMANDLINE or name in {"output", "as_json"}:
            continue
        assert isinstance(parameter, click.Option)
        if parameter.is_flag:
            words.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [word for one in values for word in (parameter.opts[0], str(one))]
    return " ".join(words)


@contextmanager
def _progress() -> "Iterator[Report]":
    """Show how far it is: a bar on a terminal, lines elsewhere."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from aiida_hezsp.cli.terminal import terminal

    if not sys.stderr.isatty():
        yield lambda what, done: click.echo(f"{100 * done:3.0f} % {what}", err=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal(stderr=True), transient=True) as bar:
        task = bar.add_task("...", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
