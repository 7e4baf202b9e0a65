import subprocess
import sys

import pytest

from aiida_hezsp.engine.main import main
from aiida_hezsp.engine.progress import Progress, clock


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "input.json" in printed
    assert "hezsp-engine relax" in printed


def test_unknown_job_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["dance"])
    assert stop.value.code == 2
    assert "invalid choice: 'dance'" in capsys.readouterr().err


def test_neither_help_nor_import_loads_anything_heavy():
    code = (
        "import sys, aiida_hezsp.engine.main, aiida_hezsp.engine.jobs, aiida_hezsp.potential; "
        "print(sorted({'aiida', 'torch', 'chgnet', 'sklearn', 'pymatgen'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_job_ever_imports_aiida():
    code = (
        "import sys, importlib; "
        "[importlib.import_module(f'aiida_hezsp.engine.{m}') for m in ('relax', 'md', 'finetune', 'evaluate')]; "
        "import aiida_hezsp.potential.finetuning, aiida_hezsp.potential.md, aiida_hezsp.potential.relaxation; "
        "print([name for name in sys.modules if name.split('.')[0] in ('aiida', 'aiida_vasp')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_progress_speaks_rarely_and_at_the_end():
    lines = []
    progress = Progress(lines.append, 100, every_s=1000)
    for step in range(101):
        progress.step(step, 10.0, ", fine")
    assert lines == ["100/100 steps 10 steps/s 00:00:00 left, fine"]
    assert clock(3725.4) == "01:02:05"


def test_version_says_what_evaluates_chgnet(capsys):
    from aiida_hezsp.potential.native import why_not

    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    lines = dict(line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert lines["chgnet"].startswith("0.4")
    assert (lines["native kernel"] == "not built") == (why_not() is not None)
