import inspect
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aiida_hezsp.cli.benchmark import cmd_benchmark
from aiida_hezsp.cli.benchmark_tables import print_finetune, print_md, print_relax
from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.potential.benchmarks import (
    FinetuneBenchmark,
    FinetuneReport,
    MdBenchmark,
    MdReport,
    RelaxBenchmark,
    RelaxReport,
)

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks"
KINDS = {
    "md": (MdBenchmark, MdReport, print_md),
    "relax": (RelaxBenchmark, RelaxReport, print_relax),
    "finetune": (FinetuneBenchmark, FinetuneReport, print_finetune),
}
RENAMED = {"steps": {"md": "block_steps", "relax": "max_steps"}}


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["benchmark", *map(str, arguments)])


def test_md_prints_one_document_and_writes_it(tmp_path):
    options = ("--atoms", 40, "--threads", 1, "--backend", "torch", "--steps", 1, "--rounds", 1, "--no-memory")
    result = run("md", *options, "--json", "--output", tmp_path / "md.json")
    assert result.exit_code == 0, result.output
    report = MdReport.model_validate_json(result.stdout)
    assert json.loads(result.stdout) == json.loads((tmp_path / "md.json").read_text(encoding="utf8"))
    assert report.command == "aiida-hezsp benchmark md " + " ".join(map(str, options))
    assert {"aiida-hezsp", "ase", "chgnet", "numpy", "python", "torch"} <= set(report.versions)
    (layout,) = report.layouts
    timing = {one.contender: one.wall_ms for one in layout.timings}
    assert {one.over: one.wall for one in layout.ratios} == {
        name: timing[name] / timing["torch"] for name in ("stock", "stock-forces")
    }
    assert max(one.force_max for one in report.deviations) < 1e-3
    assert "  0 % md, 1 x 1 threads, round 1, stock chgnet\n" in result.stderr


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.json")), ids=lambda path: path.stem)
def test_tables_of_a_stored_report(path, capsys):
    kind = json.loads(path.read_text(encoding="utf8"))["benchmark"]
    _, model, show = KINDS[kind]
    report = model.model_validate_json(path.read_text(encoding="utf8"))
    show(report)
    shown = capsys.readouterr().out
    assert f"{report.subject.atoms} atoms" in shown
    assert report.machine.cpu in shown
    assert f"torch {report.versions['torch']}" in " ".join(shown.split())
    ratios = [ratio.wall for ratio in (report.layouts[0].ratios if kind == "md" else report.ratios)]
    for ratio in ratios:
        assert f"{ratio:.2f}" in shown
    for memory in report.memory:
        assert f"{memory.peak_mb:.0f}" in shown
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("md", "--atoms", "41"), 2, "'41' is not one of '160', '40'"),
        (("md", "--backend", "fortran"), 2, "'fortran' is not one of"),
        (("md", "--layout", "both"), 2, "'both' is not one of 'threads', 'processes', 'single'"),
        (("md", "--steps", "0"), 2, "0 is not in the range x>=1"),
        (("relax", "--fmax", "0"), 2, "0.0 is not in the range x>0"),
        (("relax", "--fast"), 2, "No such option"),
        (("gpu",), 2, "No such command 'gpu'"),
        (("md", "--formula", "NaCl"), 1, "NaCl"),
        (("relax", "--model", "0.9.9"), 1, "0.9.9"),
        (("md", "--output", "missing/x.json"), 1, "missing is no folder"),
        (("finetune", "--images", "10"), 1, "more images than one batch are needed"),
    ],
)
def test_bad_options_are_one_clear_line(arguments, code, message):
    result = run(*arguments)
    assert result.exit_code == code
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert result.stdout == ""
    assert "Traceback" not in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_options_and_their_defaults_are_those_of_the_function(kind):
    defaults = {key: one.default for key, one in inspect.signature(KINDS[kind][0]).parameters.items()}
    options = {one.name: one for one in cmd_benchmark.commands[kind].params}
    named = {RENAMED.get(name, {}).get(kind, name): one for name, one in options.items()}
    del named["as_json"], named["output"]
    assert set(named) <= set(defaults)
    with click.Context(cmd_benchmark.commands[kind]) as ctx:
        for name, option in named.items():
            if name in {"backends", "layouts"}:  # none given: all
                continue
            value = option.get_default(ctx)
            assert str(value) == str(defaults[name]), name


def test_help_does_not_wait_for_heavy_imports():
    heavy = {"torch", "chgnet", "aiida", "ase", "pymatgen", "sklearn"}
    code = (
        "import sys; from aiida_hezsp.cli import cmd_root\n"
        "try:\n    cmd_root(['benchmark', 'md', '--help'], prog_name='aiida-hezsp')\n"
        f"finally:\n    print('HEAVY', sorted({heavy} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("HEAVY []\n")
